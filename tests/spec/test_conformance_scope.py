"""Conformance: what a service that is read has not to do is refused as OData wants it. The clauses are in ``coverage``."""

import pytest

from tests.serving import Answer
from tests.spec.clauses import World, well_formed_error
from tests.spec.coverage import ABSENT, UNSUPPORTED, WRITES


def send(world: World, request: str) -> Answer:
    method, _, target = request.partition(" ")
    return world.send(method, target, b"" if method == "GET" else b"{}", content_type="application/json")


@pytest.mark.parametrize("clause", WRITES)
def test_writes_are_refused(clause: str, world: World) -> None:
    answer = send(world, WRITES[clause])
    assert answer.status == 405
    well_formed_error(answer)
    allowed = answer.headers["Allow"].split(", ")
    assert "GET" in allowed
    assert not {"PUT", "PATCH", "DELETE"} & set(allowed)


@pytest.mark.parametrize("clause", ABSENT)
def test_what_there_is_not_is_refused(clause: str, world: World) -> None:
    answer = send(world, ABSENT[clause][1])
    assert answer.status in (400, 404, 405, 501), answer.text
    well_formed_error(answer)


@pytest.mark.parametrize("clause", UNSUPPORTED)
def test_what_is_not_supported_is_refused(clause: str, world: World) -> None:
    answer = send(world, UNSUPPORTED[clause][1])
    assert answer.status == 501
    well_formed_error(answer)
