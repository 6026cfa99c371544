"""Parameter aliases stand for expressions; what they stand for is bounded like an expression written out."""

import json

import pytest

from tests.engine.small import get, service
from tests.properties.expressions import encoded

DOUBLING = "\n".join(f"@a{i}=@a{i + 1} and @a{i + 1}" for i in range(30)) + "\n@a30=true"


@pytest.mark.parametrize(
    ("query", "limit"),
    [
        (f"$filter=@a0\n{DOUBLING}", "alias_nesting"),
        ("$filter=" + " and ".join(["@a"] * 600) + "\n@a=(Positions eq 1 or Positions eq 2)", "nodes"),
        ("$filter=" + "not (" * 30 + "@a" + ")" * 30 + "\n@a=" + "not (" * 30 + "true" + ")" * 30, ""),
        ("$filter=@a eq @a\n@a=@b\n@b=@c\n@c=1", "alias_nesting"),
    ],
)
def test_bounded(query: str, limit: str) -> None:
    answer = get(service(), "Invoices", encoded(query))
    error = json.loads(answer.body).get("error", {})
    if limit:
        assert (answer.status, error["code"]) == (400, "limit_exceeded")
        assert f"limit {limit}" in error["message"]
    else:
        assert answer.status in (200, 400)


def test_loop() -> None:
    answer = get(service(), "Invoices", "$filter=@a&@a=@b&@b=@a")
    assert b"refers to itself" in answer.body


def test_meaning() -> None:
    rows = json.loads(get(service(), "Invoices", "$filter=Positions eq @p and @x&@p=2&@x=Amount gt @p").body)["value"]
    assert rows
    assert all(row["Positions"] == 2 and row["Amount"] > 2 for row in rows)
