"""Public import paths of scikit-learn's classes, whatever a source calls them, and their defaults.

Objects, OpenML and trackers name a class by the module that it happens to be written in, and scikit-learn has
renamed most of its modules; the path that people import from has stayed.

>>> public_path("sklearn.ensemble._forest.RandomForestClassifier")
'sklearn.ensemble.RandomForestClassifier'
>>> public_path("sklearn.preprocessing.data.StandardScaler") == public_path("StandardScaler")
True
>>> public_path("mine.models.Forest")
'mine.models.Forest'
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["CLASSES", "FOREIGN_DEFAULTS", "class_of", "constructor_defaults", "is_public", "public_path"]

_NAMES: Mapping[str, str] = {
    "sklearn.calibration": "CalibratedClassifierCV",
    "sklearn.cluster": """AffinityPropagation AgglomerativeClustering Birch BisectingKMeans DBSCAN
        FeatureAgglomeration HDBSCAN KMeans MeanShift MiniBatchKMeans OPTICS SpectralBiclustering
        SpectralClustering SpectralCoclustering""",
    "sklearn.compose": "ColumnTransformer TransformedTargetRegressor make_column_selector",
    "sklearn.covariance": """EllipticEnvelope EmpiricalCovariance GraphicalLasso GraphicalLassoCV LedoitWolf
        MinCovDet OAS ShrunkCovariance""",
    "sklearn.cross_decomposition": "CCA PLSCanonical PLSRegression PLSSVD",
    "sklearn.decomposition": """DictionaryLearning FactorAnalysis FastICA IncrementalPCA KernelPCA
        LatentDirichletAllocation MiniBatchDictionaryLearning MiniBatchNMF MiniBatchSparsePCA NMF PCA
        SparseCoder SparsePCA TruncatedSVD""",
    "sklearn.discriminant_analysis": "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis",
    "sklearn.dummy": "DummyClassifier DummyRegressor",
    "sklearn.ensemble": """AdaBoostClassifier AdaBoostRegressor BaggingClassifier BaggingRegressor
        ExtraTreesClassifier ExtraTreesRegressor GradientBoostingClassifier GradientBoostingRegressor
        HistGradientBoostingClassifier HistGradientBoostingRegressor IsolationForest RandomForestClassifier
        RandomForestRegressor RandomTreesEmbedding StackingClassifier StackingRegressor VotingClassifier
        VotingRegressor""",
    "sklearn.feature_extraction": "DictVectorizer FeatureHasher",
    "sklearn.feature_extraction.image": "PatchExtractor",
    "sklearn.feature_extraction.text": "CountVectorizer HashingVectorizer TfidfTransformer TfidfVectorizer",
    "sklearn.feature_selection": """GenericUnivariateSelect RFE RFECV SelectFdr SelectFpr SelectFromModel
        SelectFwe SelectKBest SelectPercentile SequentialFeatureSelector VarianceThreshold chi2 f_classif
        f_oneway f_regression mutual_info_classif mutual_info_regression r_regression""",
    "sklearn.frozen": "FrozenEstimator",
    "sklearn.gaussian_process": "GaussianProcessClassifier GaussianProcessRegressor",
    "sklearn.impute": "IterativeImputer KNNImputer MissingIndicator SimpleImputer",
    "sklearn.isotonic": "IsotonicRegression",
    "sklearn.kernel_approximation": """AdditiveChi2Sampler Nystroem PolynomialCountSketch RBFSampler
        SkewedChi2Sampler""",
    "sklearn.kernel_ridge": "KernelRidge",
    "sklearn.linear_model": """ARDRegression BayesianRidge ElasticNet ElasticNetCV GammaRegressor
        HuberRegressor Lars LarsCV Lasso LassoCV LassoLars LassoLarsCV LassoLarsIC LinearRegression
        LogisticRegression LogisticRegressionCV MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso
        MultiTaskLassoCV OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV PassiveAggressiveClassifier
        PassiveAggressiveRegressor Perceptron PoissonRegressor QuantileRegressor RANSACRegressor Ridge RidgeCV
        RidgeClassifier RidgeClassifierCV SGDClassifier SGDOneClassSVM SGDRegressor TheilSenRegressor
        TweedieRegressor""",
    "sklearn.manifold": "ClassicalMDS Isomap LocallyLinearEmbedding MDS SpectralEmbedding TSNE",
    "sklearn.mixture": "BayesianGaussianMixture GaussianMixture",
    "sklearn.model_selection": """FixedThresholdClassifier GridSearchCV HalvingGridSearchCV
        HalvingRandomSearchCV RandomizedSearchCV TunedThresholdClassifierCV GroupKFold GroupShuffleSplit KFold
        LeaveOneGroupOut LeaveOneOut LeavePGroupsOut LeavePOut PredefinedSplit RepeatedKFold
        RepeatedStratifiedKFold ShuffleSplit StratifiedGroupKFold StratifiedKFold StratifiedShuffleSplit
        TimeSeriesSplit""",
    "sklearn.multiclass": "OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier",
    "sklearn.multioutput": "ClassifierChain MultiOutputClassifier MultiOutputRegressor RegressorChain",
    "sklearn.naive_bayes": "BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB",
    "sklearn.neighbors": """KNeighborsClassifier KNeighborsRegressor KNeighborsTransformer KernelDensity
        LocalOutlierFactor NearestCentroid NearestNeighbors NeighborhoodComponentsAnalysis
        RadiusNeighborsClassifier RadiusNeighborsRegressor RadiusNeighborsTransformer""",
    "sklearn.neural_network": "BernoulliRBM MLPClassifier MLPRegressor",
    "sklearn.pipeline": "FeatureUnion Pipeline",
    "sklearn.preprocessing": """Binarizer FunctionTransformer Imputer KBinsDiscretizer KernelCenterer
        LabelBinarizer LabelEncoder MaxAbsScaler MinMaxScaler MultiLabelBinarizer Normalizer OneHotEncoder
        OrdinalEncoder PolynomialFeatures PowerTransformer QuantileTransformer RobustScaler SplineTransformer
        StandardScaler TargetEncoder""",
    "sklearn.random_projection": "GaussianRandomProjection SparseRandomProjection",
    "sklearn.semi_supervised": "LabelPropagation LabelSpreading SelfTrainingClassifier",
    "sklearn.svm": "LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR",
    "sklearn.tree": "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor",
    "xgboost": "XGBClassifier XGBRFClassifier XGBRFRegressor XGBRanker XGBRegressor",
    "lightgbm": "LGBMClassifier LGBMRanker LGBMRegressor",
    "catboost": "CatBoostClassifier CatBoostRanker CatBoostRegressor",
}

CLASSES: Mapping[str, str] = MappingProxyType(
    {name: f"{module}.{name}" for module, names in _NAMES.items() for name in names.split()}
)
"""Name → public path, of scikit-learn's estimators and splitters of all releases (no two share a name), the
functions that select features, and the estimators of three other packages."""

_EXPERIMENTS: Mapping[str, str] = {
    "HalvingGridSearchCV": "sklearn.model_selection._search_successive_halving",
    "HalvingRandomSearchCV": "sklearn.model_selection._search_successive_halving",
    "IterativeImputer": "sklearn.impute._iterative",
}

_PUBLIC = frozenset(CLASSES.values())

_LIGHTGBM = {
    "boosting_type": "gbdt",
    "colsample_bytree": 1,
    "importance_type": "split",
    "learning_rate": 0.1,
    "max_depth": -1,
    "min_child_samples": 20,
    "min_child_weight": 0.001,
    "min_split_gain": 0,
    "n_estimators": 100,
    "num_leaves": 31,
    "reg_alpha": 0,
    "reg_lambda": 0,
    "subsample": 1,
    "subsample_for_bin": 200000,
    "subsample_freq": 0,
}

FOREIGN_DEFAULTS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "xgboost.XGBClassifier": {"objective": "binary:logistic"},
        "xgboost.XGBRegressor": {"objective": "reg:squarederror"},
        "lightgbm.LGBMClassifier": _LIGHTGBM,
        "lightgbm.LGBMRegressor": _LIGHTGBM,
    }
)
"""Documented defaults, other than None, of packages that are not imported here."""


def public_path(path: str) -> str:
    """Path that people import a class or function from, for its name or its path in any release.

    What is not scikit-learn's stays as it is, but for the estimators of xgboost, LightGBM and CatBoost.
    """
    package, dot, _ = path.partition(".")
    name = path.rpartition(".")[2]
    known = CLASSES.get(name)
    if known is not None and (not dot or known.startswith(f"{package}.")):
        return known
    if package != "sklearn":
        return path
    module = []
    for part in path.split(".")[:-1]:
        if part.startswith("_"):
            break
        module.append(part)
    return ".".join([*module, name])


def is_public(path: str) -> bool:
    """Whether the path is one of :data:`CLASSES`."""
    return path in _PUBLIC


def class_of(path: str) -> type | None:
    """Class of a public path of scikit-learn's, as installed; None for all else, which is never imported."""
    if path not in _PUBLIC or not path.startswith("sklearn."):
        return None
    module, _, name = path.rpartition(".")
    # scikit-learn hides its experiments until they are asked for, which would be to change it for everyone
    found = getattr(importlib.import_module(_EXPERIMENTS.get(name, module)), name, None)
    return found if inspect.isclass(found) else None


def constructor_defaults(found: type) -> Mapping[str, object]:
    """Defaults of a class's parameters, those that it hands on to its bases (``**kwargs``) included."""
    defaults: dict[str, object] = {}
    for base in found.__mro__:
        init = base.__dict__.get("__init__")
        if base is object or init is None:
            continue
        try:
            parameters = inspect.signature(init).parameters.values()
        except (TypeError, ValueError):  # an initialiser without a signature, such as one written in C
            break
        for parameter in parameters:
            if parameter.default is not inspect.Parameter.empty:
                defaults.setdefault(parameter.name, parameter.default)
        if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
            break
    return MappingProxyType(defaults)
