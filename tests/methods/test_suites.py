"""Every method has a suite, a page and true examples; the page on methods tells no lies."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import methods
from methods.registry import method_names, method_resolver
from methods.testing import MethodTestCase

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"


def suites():
    """Names of the methods that a subclass of the conformance suite in this folder is about."""
    found = set()
    for file in HERE.glob("test_*.py"):
        module = importlib.import_module(f"tests.methods.{file.stem}") if file.stem != "test_suites" else None
        for value in vars(module or importlib).values():
            if isinstance(value, type) and issubclass(value, MethodTestCase) and value is not MethodTestCase:
                found.add(value.method)
    return found


def test_every_method_has_a_suite():
    assert set(method_names()) <= suites()


@pytest.mark.parametrize("name", method_names())
def test_every_method_has_a_page(name):
    page = (DOCS / "methods" / f"{name}.md").read_text(encoding="utf-8")
    assert f"metakg methods run {name}" in page
    assert f"methods/{name}.md" in (DOCS / "methods.md").read_text(encoding="utf-8")


def light_modules():
    """Modules whose import loads nothing that takes long."""
    return sorted(
        name
        for _, name, _ in pkgutil.walk_packages(methods.__path__, "methods.")
        if not name.endswith(("worker", "__main__")) and name.count(".") == 1
    )


@pytest.mark.parametrize("name", ["methods", *light_modules()])
def test_examples(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0
    assert all(hasattr(module, public) for public in getattr(module, "__all__", ()))


def test_the_pages_method_runs(monkeypatch, tmp_path):
    page = (DOCS / "methods.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "my_package.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    location = importlib.import_module("my_package").Location
    monkeypatch.setitem(method_resolver.lookup_dict, "location", location)

    import metakg
    from methods.comparison import compare
    from methods.running import plan
    from methods.verdict import verdict

    kg = metakg.open(tmp_path / "store")
    results = compare(kg, plan(methods.find_method("location")), range(5))
    assert [one.error for one in results] == [None] * 10
    assert verdict(kg, location()).holds


def test_importing_the_methods_loads_nothing_heavy():
    import subprocess
    import sys

    heavy = "[name for name in ('torch', 'numba', 'sklearn', 'pandas') if name in sys.modules]"
    code = f"import sys, methods; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
