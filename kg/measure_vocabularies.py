"""Tables of what others call the measures; :mod:`kg.measure_names` reads names by them.

Names are written in lower case without spaces, dashes and the like.
"""

from __future__ import annotations

__all__ = ["COSTS", "ERRORS", "NAMES", "VOCABULARIES"]

NAMES = {
    "balanced_accuracy": "balacc bacc bac unweightedaveragerecall",
    "accuracy": "acc predictiveaccuracy categoricalaccuracy binaryaccuracy sparsecategoricalaccuracy",
    "roc_auc": "auc auroc aucroc areaunderroccurve areaundertheroccurve",
    # scikit-learn's roc_auc_ovr and roc_auc_ovo average over classes without weights.
    "roc_auc_ovr_macro": "rocaucovr aucovr aucovrmacro",
    "roc_auc_ovr_weighted": "aucovrweighted",
    "roc_auc_ovo_macro": "rocaucovo aucovo aucovomacro",
    "roc_auc_ovo_weighted": "aucovoweighted",
    # scikit-learn's f1, precision, recall and jaccard are of the positive class unless they say otherwise.
    "f1_macro": "macrof1",
    "f1_micro": "microf1",
    "f1_weighted": "weightedf1",
    "precision": "positivepredictivevalue ppv",
    "precision_macro": "macroprecision",
    "precision_micro": "microprecision",
    "precision_weighted": "weightedprecision",
    "recall": "sensitivity truepositiverate tpr",
    "recall_macro": "macrorecall",
    "recall_micro": "microrecall",
    "recall_weighted": "weightedrecall",
    "jaccard": "jaccardindex",
    "matthews_correlation": "mcc matthewscorrcoef matthewscorrelationcoefficient",
    "cohen_kappa": "kappa cohenskappa",
    "log_loss": "crossentropy categoricalcrossentropy sparsecategoricalcrossentropy binarycrossentropy"
    " mlogloss binarylogloss multilogloss",
    "brier_score": "brier brierscoreloss",
    "r2": "rsquared coefficientofdetermination",
    "mean_squared_error": "mse",
    "root_mean_squared_error": "rmse rootmeansquareerror",
    "mean_absolute_error": "mae",
    "median_absolute_error": "medae medianae",
    "mean_squared_log_error": "msle meansquaredlogarithmicerror",
    "root_mean_squared_log_error": "rmsle rootmeansquaredlogarithmicerror",
    "relative_absolute_error": "rae",
    "root_relative_squared_error": "rrse",
    "pearson_correlation": "pearson pearsonr pearsoncorrelationcoefficient pearsoncorrcoef",
    "spearman_correlation": "spearman spearmanr spearmanrho spearmancorrelationcoefficient spearmancorrcoef",
    "concordance_index": "cindex",
    "adjusted_rand_index": "ari adjustedrand",
    "normalized_mutual_information": "nmi normalizedmutualinfo normalisedmutualinformation",
    "silhouette": "silhouettecoefficient",
}
"""Names of measures of performance by key, besides the key itself."""

ERRORS = {
    "balanced_accuracy": "balancederror balancederrorrate ber meanperclasserror",
    "accuracy": "errorrate misclassification misclassificationrate misclassificationerror classificationerror"
    " zerooneloss mmce merror binaryerror multierror",
}
"""Names of one minus a measure, by the measure's key."""

COSTS = {
    "runtime_seconds": "runtime duration elapsed elapsedtime time totaltime walltime wallclocktime",
    "training_seconds": "fittime meanfittime traintime trainingtime timetrain timefit trainduration trainingduration"
    " fitduration trainruntime trainingruntime",
    "prediction_seconds": "scoretime meanscoretime predicttime predictiontime inferencetime timepredict timeinfer"
    " predictduration predictionduration inferenceduration",
    "peak_memory_bytes": "memory peakmemory maxmemory memorypeak memorymax memoryusage peakmemoryusage maxrss peakrss",
}
"""Names of measures of cost by key, without their units."""

_OPENML = {
    # Weka's, which OpenML's evaluation engine is made of: over classes, each against the others, by their sizes.
    "areaunderroccurve": "roc_auc_ovr_weighted",
    "meanweightedareaunderroccurve": "roc_auc_ovr_weighted",
    "fmeasure": "f1_weighted",
    "meanweightedfmeasure": "f1_weighted",
    "meanunweightedfmeasure": "f1_macro",
    "precision": "precision_weighted",
    "meanweightedprecision": "precision_weighted",
    "meanunweightedprecision": "precision_macro",
    "recall": "recall_weighted",
    "weightedrecall": "recall_weighted",
    "meanweightedrecall": "recall_weighted",
    "unweightedrecall": "balanced_accuracy",
    "meanunweightedrecall": "balanced_accuracy",
    "predictiveaccuracy": "accuracy",
    "kappa": "cohen_kappa",
    "matthewscorrelationcoefficient": "matthews_correlation",
    "cindex": "concordance_index",
    # For a classification, of the probabilities of all classes against 0 and 1.
    "meanabsoluteerror": "mean_absolute_error",
    "rootmeansquarederror": "root_mean_squared_error",
    "relativeabsoluteerror": "relative_absolute_error",
    "rootrelativesquarederror": "root_relative_squared_error",
    "correlationcoefficient": "pearson_correlation",
    "pearsoncorrelationcoefficient": "pearson_correlation",
    # Clocks and processors alike: what a run took in the source's own environment. Those that say seconds are so.
    "usercputimemillis": "runtime_seconds 0.001",
    "usercputimemillistraining": "training_seconds 0.001",
    "usercputimemillistesting": "prediction_seconds 0.001",
    "wallclocktimemillis": "runtime_seconds 0.001",
    "wallclocktimemillistraining": "training_seconds 0.001",
    "wallclocktimemillistesting": "prediction_seconds 0.001",
    "runcputime": "runtime_seconds",
    "buildcputime": "training_seconds",
    # Of rules that are searched for, not of a classifier.
    "jaccard": None,
}

_AMLB = {
    # amlb/results.py: weighted where there are more classes than two, and F1 in that case only.
    "auc": "roc_auc",
    "aucovr": "roc_auc_ovr_weighted",
    "aucovo": "roc_auc_ovo_weighted",
    "f1": None,
    "meanpce": "balanced_accuracy -1 1",
    "prauc": "average_precision",
    "mape": "mean_absolute_percentage_error",
    "smape": "symmetric_mean_absolute_percentage_error",
}

_TABREPO: dict[str, str | None] = {
    "mape": "mean_absolute_percentage_error",
    "smape": "symmetric_mean_absolute_percentage_error",
}

_SKLEARN = {
    # A scorer of that name, gone by now, gave negative errors; the function gives positive ones.
    "maxerror": None,
    "negmaxerror": "max_error -1",
    "mape": "mean_absolute_percentage_error",
}

VOCABULARIES: dict[str, dict[str, str | None]] = {
    "": {},
    "openml": _OPENML,
    "amlb": _AMLB,
    "tabrepo": _TABREPO,
    "sklearn": _SKLEARN,
}
"""Names that mean something else, or more, in one vocabulary: key, then factor and offset if they are not 1 and 0.

None is a name that is ambiguous there. ``openml``: OpenML's evaluation measures. ``amlb``: columns and metrics of the
AutoML Benchmark's results. ``tabrepo``: metrics of TabRepo and AutoGluon, whose ``metric_error`` is the metric's best
value minus the metric, and the loss itself for losses. ``sklearn``: scorers and functions of scikit-learn.
"""
