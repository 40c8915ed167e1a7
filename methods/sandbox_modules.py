"""What code in the sandbox finds when it imports a module: chosen names of it, never the module object.

A module object leads on to everything it imported itself (``numpy.os``), so names are listed here one by one. Left out
of numpy is what reads or writes files, and what can make an array over memory that is not its own: ``ndarray`` as a
constructor (an object array over bytes of one's choice), ``frombuffer``, ``dtype``, ``lib``. Random numbers are the
same in every run: a generator without a seed gets the seed 0.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

NUMPY = """
abs absolute add all allclose amax amin any append apply_along_axis apply_over_axes arange arccos arccosh arcsin arcsinh
arctan arctan2 arctanh argmax argmin argpartition argsort argwhere around array array_equal array_split asanyarray
asarray ascontiguousarray atleast_1d atleast_2d atleast_3d average bincount bitwise_and bitwise_or bitwise_xor bool
bool_ broadcast_arrays broadcast_shapes broadcast_to cbrt ceil choose clip column_stack compress concatenate
conjugate convolve copy copysign copyto corrcoef correlate cos cosh count_nonzero cov cross cumprod cumsum deg2rad
degrees delete diag diag_indices diag_indices_from diagflat diagonal diff digitize divide divmod dot dsplit dstack e
ediff1d einsum empty empty_like equal errstate euler_gamma exp exp2 expand_dims expm1 extract eye fabs fill_diagonal
finfo fix flatnonzero flip fliplr flipud float16 float32 float64 float_power floating floor floor_divide fmax fmin fmod
frexp fromfunction fromiter frompyfunc full full_like gcd geomspace gradient greater greater_equal heaviside histogram
histogram2d hsplit hstack hypot identity iinfo imag indices inf inner insert int16 int32 int64 int8 int_ integer interp
intersect1d intp invert isclose isfinite isin isinf isnan isneginf isposinf isscalar issubdtype ix_ kron lcm ldexp less
less_equal lexsort linspace log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor
logspace mask_indices matmul max maximum mean median meshgrid mgrid min minimum mod modf moveaxis multiply nan
nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile
nanstd nansum nanvar ndenumerate ndim ndindex negative newaxis nonzero not_equal number ogrid ones ones_like outer pad
partition percentile pi piecewise place polyfit polyval positive power prod ptp put put_along_axis putmask quantile
rad2deg radians ravel ravel_multi_index real reciprocal remainder repeat reshape rint roll rollaxis roots rot90 round
row_stack s_ searchsorted select setdiff1d setxor1d shape sign signbit sin sinc sinh size sort split sqrt square squeeze
stack std subtract sum swapaxes take take_along_axis tan tanh tensordot tile trace transpose trapezoid tri tril
tril_indices tril_indices_from triu triu_indices triu_indices_from true_divide trunc uint16 uint32 uint64 uint8 union1d
unique unravel_index vander var vdot vectorize vsplit vstack where zeros zeros_like
"""
NUMPY_RANDOM = """
beta binomial chisquare choice dirichlet exponential gamma geometric gumbel laplace logistic lognormal multinomial
multivariate_normal normal pareto permutation poisson rand randint randn random random_sample shuffle standard_cauchy
standard_exponential standard_gamma standard_normal standard_t triangular uniform weibull
"""
RANDOM = """
betavariate choice choices expovariate gammavariate gauss getrandbits lognormvariate normalvariate paretovariate
randint random randrange sample shuffle triangular uniform vonmisesvariate weibullvariate
"""
NAMES: Mapping[str, str] = {
    "bisect": "bisect bisect_left bisect_right insort insort_left insort_right",
    "collections": "Counter OrderedDict defaultdict deque",
    "functools": "cache cmp_to_key lru_cache partial reduce",
    "heapq": "heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest",
    "itertools": "accumulate chain combinations combinations_with_replacement compress count cycle dropwhile "
    "filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest",
    "math": "acos acosh asin asinh atan atan2 atanh ceil comb copysign cos cosh degrees dist e erf erfc exp expm1 fabs "
    "factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp lgamma log log10 "
    "log1p log2 modf nan perm pi pow prod radians remainder sin sinh sqrt tan tanh tau trunc ulp",
    "numpy": NUMPY,
    "numpy.fft": "fft fft2 fftfreq fftn fftshift ifft ifft2 ifftn ifftshift irfft rfft rfftfreq",
    "numpy.linalg": "LinAlgError cholesky cond det eig eigh eigvals eigvalsh inv lstsq matrix_power matrix_rank "
    "multi_dot norm pinv qr slogdet solve svd",
    "numpy.random": NUMPY_RANDOM,
    "random": RANDOM,
    "statistics": "fmean geometric_mean harmonic_mean mean median pstdev pvariance quantiles stdev variance",
    "typing": "Any Callable Dict Iterable Iterator List Mapping Optional Sequence Set Tuple Union",
}
MODULES = frozenset(name for name in NAMES if "." not in name)


class Namespace:
    """Read-only names; it has no ``__name__``, by which ``from x import y`` would look into ``sys.modules``."""

    __slots__ = ("_names",)

    def __init__(self, names: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_names", MappingProxyType(dict(names)))

    def __getattr__(self, name: str) -> Any:
        if name in self._names:
            return self._names[name]
        raise AttributeError(f"{name!r} is not among the names that the sandbox hands out")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("modules are read-only in the sandbox")

    def __dir__(self) -> Iterable[str]:
        return list(self._names)


def _kind(kind: type) -> type:
    """A class for annotations and ``isinstance`` that makes no instances and does not lead to the real one."""

    class Kind(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, kind)

        def __call__(cls, *_arguments: Any, **_keywords: Any) -> Any:
            raise TypeError(f"{cls.__name__} makes nothing in the sandbox; use array, zeros or default_rng")

    return Kind(kind.__name__, (), {})


class _Joining:
    """``r_`` or ``c_``, but not for text, which numpy looks up as names of the caller."""

    __slots__ = ("_real",)

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getitem__(self, key: Any) -> Any:
        if any(isinstance(part, str) for part in (key if isinstance(key, tuple) else (key,))):
            raise TypeError("text does not join arrays in the sandbox; use concatenate with axis")
        return self._real[key]


def namespaces(modules: Iterable[str]) -> dict[str, Namespace]:
    """Import the modules for real and choose their names.

    Parameters
    ----------
    modules
        Names out of `MODULES`.

    Returns
    -------
    dict
        By dotted name; ``numpy`` brings ``numpy.linalg``, ``numpy.fft`` and ``numpy.random``.
    """
    made: dict[str, Namespace] = {}
    for module in sorted(set(modules)):
        parts = [name for name in NAMES if name.startswith(f"{module}.")]
        for name in (*parts, module):
            real = importlib.import_module(name)
            names = {key: getattr(real, key) for key in NAMES[name].split() if hasattr(real, key)}
            names |= _SEEDED.get(name, dict)()
            names |= {part.rpartition(".")[2]: made[part] for part in parts if name == module}
            made[name] = Namespace(names)
    return made


def _numpy() -> dict[str, Any]:
    import numpy

    return {"ndarray": _kind(numpy.ndarray), "r_": _Joining(numpy.r_), "c_": _Joining(numpy.c_)}


def _numpy_random() -> dict[str, Any]:
    import numpy

    numpy.random.seed(0)

    def default_rng(seed: Any = None) -> Any:
        return numpy.random.default_rng(0 if seed is None else seed)

    def seed(seed: Any = None) -> None:
        numpy.random.seed(0 if seed is None else seed)

    return {"default_rng": default_rng, "seed": seed, "Generator": _kind(numpy.random.Generator)}


def _random() -> dict[str, Any]:
    import random

    generator = random.Random(0)

    def seed(seed: Any = None) -> None:
        generator.seed(0 if seed is None else seed)

    names: dict[str, Any] = {name: getattr(generator, name) for name in RANDOM.split()}
    return names | {"seed": seed, "Random": lambda seed=None: random.Random(0 if seed is None else seed)}


_SEEDED: Mapping[str, Callable[[], dict[str, Any]]] = {
    "numpy": _numpy,
    "numpy.random": _numpy_random,
    "random": _random,
}
