"""Examples in docstrings are true, and every command's line in the overview is there once."""

import doctest
import importlib
import pkgutil

import pytest

import metakg

MODULES = sorted(
    name for _, name, _ in pkgutil.walk_packages(metakg.__path__, "metakg.") if name != "metakg.__main__"
)


@pytest.mark.parametrize("name", ["metakg", *MODULES])
def test_examples(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert doctest.testmod(module).failed == 0
    assert all(hasattr(module, public) for public in getattr(module, "__all__", ()))
