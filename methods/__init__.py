"""Meta-learning methods of the literature, each of which runs for real and logs its runs into the graph.

One package per method; `method` is the contract, `registry` finds methods by name (those of other packages by the
entry point ``metakg.methods``), `running` and `comparison` run and `verdict` judges them, `sandbox` runs code that
nobody has read, `provider` asks a language model. Imports nothing but the public API (`metakg`), and nothing imports
it: the command line finds it by an entry point.

>>> from methods import find_method
>>> find_method("nothing")
Traceback (most recent call last):
methods.errors.MethodError: no method 'nothing'; known: ...
"""

from methods.errors import MethodError
from methods.method import Arm, Claim, Method, Paper, Task, Trial
from methods.registry import find_method, method_resolver

__all__ = [
    "Arm",
    "Claim",
    "Method",
    "MethodError",
    "Paper",
    "Task",
    "Trial",
    "find_method",
    "method_resolver",
]
