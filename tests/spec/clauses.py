"""The clauses of ``clauses.txt``, a register of the checks for them, and what a check is given: a client and the truth.

A check is a function of a ``World`` that a test module registers under the ids of the clauses it covers. It asks the
service from outside, and compares with the rows of the demo ERP, read past the service and evaluated in plain Python.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tests.serving import Answer, Client, as_json, demo_metadata, get, pages

Row = Mapping[str, Any]
Predicate = Callable[[Row], Any]


class Clause(NamedTuple):
    """One line of ``clauses.txt``: id, lowest level that demands it, strength, what is demanded."""

    id: str
    level: str
    strength: str
    text: str


def _read_clauses() -> dict[str, Clause]:
    lines = Path(__file__).with_name("clauses.txt").read_text(encoding="utf-8").splitlines()
    found = [Clause(*line.split(maxsplit=3)) for line in lines if not line.startswith("#")]
    return {clause.id: clause for clause in found}


CLAUSES: dict[str, Clause] = _read_clauses()


@dataclass(frozen=True, slots=True)
class World:
    """The service under test and what it has to know."""

    client: Client
    demo: Mapping[str, Sequence[Row]]

    def get(self, target: str, **headers: str) -> Answer:
        return get(self.client, target, **headers)

    def send(self, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        return self.client.send(method, target, {k.replace("_", "-"): v for k, v in headers.items()}, body)

    def keys(self, target: str, **headers: str) -> list[str]:
        """The keys of all rows that a collection gives, over all pages."""
        found: list[str] = []
        for page in pages(self.client, target, **headers):
            name = re.split(r"[(/]", page.json["@odata.context"].partition("#")[2])[0]
            found.extend(row[demo_metadata()[name].type.key] for row in page.rows)
        return found

    def where(self, entity_set: str, predicate: Predicate) -> list[str]:
        """The keys of the demo's rows for which the predicate is true, in order."""
        key = demo_metadata()[entity_set].type.key
        return [row[key] for row in self.demo[entity_set] if predicate(row) is True]

    def filters(self, entity_set: str, condition: str, predicate: Predicate, some: bool = True) -> None:
        """``condition`` chooses just the rows of which ``predicate`` is true; both some and not all, if ``some``."""
        key = demo_metadata()[entity_set].type.key
        expected = self.where(entity_set, predicate)
        assert not some or 0 < len(expected) < len(self.demo[entity_set]), f"{condition} tells nothing"
        found = self.keys(f"{entity_set}?$select={key}&$filter={condition}")
        assert found == expected, difference(condition, found, expected)

    def children(self, parent: Row, entity_set: str, foreign_key: str, key: str) -> list[Row]:
        return [row for row in self.demo[entity_set] if row[foreign_key] == parent[key]]

    def refuses(self, target: str, status: int, **headers: str) -> dict[str, Any]:
        """The error of a request that is refused with that status."""
        answer = self.get(target, **headers)
        assert answer.status == status, f"{target}: {answer.status} {answer.text[:300]}"
        return well_formed_error(answer)


def difference(condition: str, found: Sequence[str], expected: Sequence[str]) -> str:
    missing, extra = sorted({*expected} - {*found})[:3], sorted({*found} - {*expected})[:3]
    return f"{condition}: {len(found)} rows, not {len(expected)}; missing {missing}, too many {extra}"


def well_formed_error(answer: Answer) -> dict[str, Any]:
    """The error object; fails if the answer is not an OData error in all its parts."""
    assert answer.status >= 400
    assert answer.headers["OData-Version"] in ("4.0", "4.01")
    assert answer.headers["Content-Language"]
    assert answer.headers["Content-Type"].startswith("application/json")
    error = answer.error
    assert list(answer.json) == ["error"]
    assert error["code"]
    assert error["message"]
    assert isinstance(error["code"], str)
    assert isinstance(error["message"], str)
    assert isinstance(error.get("target", ""), str)
    for detail in error.get("details", []):
        assert detail["code"]
        assert detail["message"]
    return error


def shown(row: Row, *names: str) -> dict[str, Any]:
    """Some properties of a row as JSON has them."""
    found = as_json(row)
    return {name: found[name] for name in names or found}


class Checks(dict[str, Callable[[World], None]]):
    """Checks by clause id, in the order of registration. One that covers several clauses runs once for all of them."""

    def __init__(self) -> None:
        super().__init__()
        self._passed: set[tuple[Callable[[World], None], int]] = set()

    def run(self, clause: str, world: World) -> None:
        check = self[clause]
        if (check, id(world)) not in self._passed:
            check(world)
            self._passed.add((check, id(world)))

    def __call__(self, *ids: str) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
        def register(check: Callable[[World], None]) -> Callable[[World], None]:
            for clause in ids:
                assert clause in CLAUSES, clause
                assert clause not in self, clause
                self[clause] = check
            return check

        return register


def sort(rows: Iterable[Row], key: str, *order: tuple[str, bool]) -> list[Row]:
    """The rows by (property, descending), then by key; null first ascending and last descending."""
    found = sorted(rows, key=lambda row: str(row[key]))
    for name, descending in reversed(order):
        found.sort(
            key=lambda row, name=name: (row[name] is not None, 0 if row[name] is None else row[name]),  # type: ignore[misc]
            reverse=descending,
        )
    return found
