"""No conformance clause is forgotten, and every test that stands for one exists and runs."""

from importlib import import_module
from pathlib import Path

import pytest

from tests.spec.clauses import CLAUSES
from tests.spec.coverage import modules, places


def test_every_clause_has_its_place() -> None:
    assert len(CLAUSES) == 212
    assert list(places()) == list(CLAUSES)


@pytest.mark.parametrize("name", sorted({test for place in places().values() for test in place.tests}))
def test_every_test_exists(name: str) -> None:
    path, _, function = name.partition("::")
    module = import_module(path.removesuffix(".py").replace("/", "."))
    test = getattr(module, function)
    assert function.startswith("test_") or test in module.checks.values()


def test_every_check_runs() -> None:
    """By a test that is parametrized with the register."""
    for module in modules():
        (mark,) = (m for m in module.test_clause.pytestmark if m.name == "parametrize")
        assert mark.args == ("clause", module.checks), Path(str(module.__file__)).name
