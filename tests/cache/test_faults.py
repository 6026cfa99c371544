"""The table of faults names tests that there are, and no number is missing."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.cache.faults import FAULTS, NUMBERS, Fault
from tests.cache.requirements import REQUIREMENTS

TESTS = Path(__file__).parents[1]


@cache
def defined(file: str) -> frozenset[str]:
    """The test functions of a module."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_number_is_there_and_no_other() -> None:
    assert list(FAULTS) == list(NUMBERS)


@pytest.mark.parametrize(
    "fault", [*FAULTS.values(), *REQUIREMENTS.values()], ids=[*map("F{:03}".format, FAULTS), *REQUIREMENTS]
)
def test_a_fault_is_tested_or_it_is_said_why_not(fault: Fault) -> None:
    assert fault.tests or fault.without
    missing = [name for name in fault.tests if name.partition("::")[2] not in defined(name.partition("::")[0])]
    assert missing == []


def test_all_traps_are_there() -> None:
    assert [name for name in REQUIREMENTS if name.startswith("C")] == [f"C{number}" for number in range(1, 11)]
