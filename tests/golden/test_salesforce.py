"""What Salesforce Connect really sends: every read request of the catalogue, answered right and alike by both
databases and by both at once.

The cases are the files in ``salesforce``; what they can say is told in ``README.md`` here.
"""

from pathlib import Path

import pytest

from tests.golden import cases
from tests.golden.cases import Exchange, Rows
from tests.serving import READ, Answer, Client

FILES = sorted((Path(__file__).parent / "salesforce").glob("*.txt"))
#: The catalogue's reads; 47 to 54, 58 and 59 are change tracking, writes and OData 2.0.
CATALOGUE = {*range(1, 47), 55, 56, 57, 60}


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def case(path: Path) -> list[Exchange]:
    return cases.read_case(path)


def test_every_read_of_the_catalogue_is_a_case() -> None:
    assert sorted(int(path.name[:2]) for path in FILES) == sorted(CATALOGUE)


@pytest.fixture(scope="module")
def played() -> dict[Path, list[Answer]]:
    """Answers of the service over SQLite, which all others are compared with."""
    return {}


@pytest.fixture
def answers(path: Path, case: list[Exchange], sqlite: Client, played: dict[Path, list[Answer]]) -> list[Answer]:
    if path not in played:
        played[path] = cases.play(case, sqlite)
    return played[path]


def test_answer(path: Path, case: list[Exchange], answers: list[Answer], everything: Rows) -> None:
    if cases.REWRITE:
        cases.rewrite(path, case, answers)
        case = cases.read_case(path)
    for number, exchange in enumerate(case):
        cases.check(exchange, answers[number], everything, answers)


@pytest.mark.parametrize("other", ["postgres", "mariadb", "apart"])
def test_other_databases_answer_alike(
    other: str, case: list[Exchange], answers: list[Answer], request: pytest.FixtureRequest
) -> None:
    cases.assert_alike(cases.play(case, request.getfixturevalue(other)), answers)


@pytest.mark.parametrize("spelled", [cases.with_plus, cases.as_olingo])
def test_every_spelling_is_answered_alike(
    spelled: cases.Change, case: list[Exchange], answers: list[Answer], sqlite: Client
) -> None:
    cases.assert_alike(cases.play(case, sqlite, spelled), answers)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_minimal_metadata_has_the_same_data(
    database: str, case: list[Exchange], answers: list[Answer], request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(database)
    for full, minimal in zip(answers, cases.play(case, client, cases.with_minimal_metadata), strict=True):
        assert minimal.status == full.status
        if full.status == 200 and "odata.metadata=full" in full.headers["Content-Type"]:
            assert minimal.headers["Content-Type"] == "application/json;odata.metadata=minimal"
            assert "@odata.type" not in minimal.text
            assert data(minimal) == data(full)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_server_answers_alike(
    database: str, case: list[Exchange], answers: list[Answer], request: pytest.FixtureRequest
) -> None:
    server: Client = request.getfixturevalue(f"{database}_http")
    cases.assert_alike(cases.play(case, server), answers)


def test_server_hands_out_a_csrf_token(sqlite_http: Client) -> None:
    answer = sqlite_http.send("GET", "", READ | {"X-CSRF-Token": "Fetch"})
    assert answer.status == 200
    assert len(answer.headers["X-CSRF-Token"]) > 20
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "X-CSRF-Token" not in sqlite_http.send("GET", "", READ).headers


def data(answer: Answer) -> object:
    """The body without control information."""
    body = answer.json
    return cases.plain(body["value"]) if "value" in body else cases.plain([body])
