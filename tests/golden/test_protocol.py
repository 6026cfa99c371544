"""Whole answers, byte for byte as clients see them: every kind of resource, the metadata levels, errors.

The cases are the files in ``protocol``; what they can say is told in ``README.md`` here.
"""

from pathlib import Path

import pytest

from tests.golden import cases
from tests.golden.cases import Rows
from tests.serving import Client

FILES = sorted((Path(__file__).parent / "protocol").glob("*.txt"))


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_answer(path: Path, sqlite: Client, everything: Rows) -> None:
    case = cases.read_case(path)
    answers = cases.play(case, sqlite)
    if cases.REWRITE:
        cases.rewrite(path, case, answers)
        case = cases.read_case(path)
    for exchange, answer in zip(case, answers, strict=True):
        cases.check(exchange, answer, everything, answers)


@pytest.mark.parametrize("other", ["postgres", "mariadb", "apart", "sqlite_http", "postgres_http"])
def test_the_same_everywhere(other: str, path: Path, sqlite: Client, request: pytest.FixtureRequest) -> None:
    case = cases.read_case(path)
    cases.assert_alike(cases.play(case, request.getfixturevalue(other)), cases.play(case, sqlite))
