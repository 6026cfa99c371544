"""Conformance: what is not done yet is refused as OData wants it. A clause moves from ``NOT_YET`` to a check."""

import pytest

from tests.spec.clauses import World, well_formed_error

#: clause -> (step, method and target of a request that needs it)
NOT_YET: dict[str, tuple[str, str]] = {
    "40-ADV-15": ("the whole language", "GET $crossjoin(Customers,Invoices)"),
}


@pytest.mark.parametrize("clause", NOT_YET)
def test_not_yet(clause: str, world: World) -> None:
    method, _, target = NOT_YET[clause][1].partition(" ")
    answer = world.send(method, target, b"{}" if method != "GET" else b"", content_type="application/json")
    assert answer.status in ((501,) if method == "GET" else (404, 405, 501)), answer.text
    well_formed_error(answer)
    if answer.status == 405:
        assert "GET" in answer.headers["Allow"]
