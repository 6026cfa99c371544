"""``$root/Set('key')/Property``: a value of another entity, read once and like a literal in every option."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from edm.expressions import Const, Expr, Prop, call
from edm.model import EntitySet
from edm.primitives import STRING
from edm.text import literal
from odata_server.auth import Principal
from odata_server.messages import ODataRequest
from odata_server.service import Service
from tests.engine.small import DATA, METADATA, ask, get, service

CAPABLE, INCAPABLE = service(), service(capable=False)
EACH = pytest.mark.parametrize("small", [CAPABLE, INCAPABLE], ids=["source", "engine"])
INVOICE: Mapping[str, Any] = next(row for row in DATA["Invoices"] if None not in row.values())
KEY = INVOICE["InvoiceNumber"]


def rows(small: Service, path: str, query: str) -> Any:
    return ask(small, path, query).get("value")


def error(query: str, small: Service = CAPABLE) -> tuple[int, str, int | None]:
    answer = get(small, "Customers", quote(query, safe="$=&(),'/:@;*"))
    found = json.loads(answer.body)["error"]
    assert found["target"] == "$filter"
    return answer.status, found["code"], found.get("@ErpOData.position")


@EACH
@pytest.mark.parametrize("name", [p.name for p in METADATA["Invoices"].type.properties])
def test_is_the_value_of_every_property(small: Service, name: str) -> None:
    found = METADATA["Invoices"].type.property(name)
    assert found is not None
    root, same = f"$root/Invoices('{KEY}')/{name}", literal(INVOICE[name], found.type)
    assert rows(small, "Invoices", f"$filter={name} eq {root}") == rows(small, "Invoices", f"$filter={name} eq {same}")


@EACH
@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("Invoices", "$orderby=Amount sub {} desc"),
        ("Invoices", "$compute=Amount add {} as More"),
        ("Invoices", "$filter=Amount gt @a&@a={}"),
        ("Customers", "$expand=Invoices($filter=Amount ge {})"),
        ("Customers", "$filter=Invoices/any(i:i/Amount gt {})"),
        ("Customers", "$filter=Invoices/$count($filter=Amount gt {}) gt 0"),
        ("Invoices", "$apply=filter(Amount gt {})/aggregate($count as N)"),
        ("Invoices/$filter(Amount gt {})", "$orderby=InvoiceNumber"),
    ],
)
def test_stands_wherever_a_literal_can(small: Service, path: str, query: str) -> None:
    root, same = f"$root/Invoices('{KEY}')/Amount", str(INVOICE["Amount"])
    assert rows(small, path.format(root), query.format(root)) == rows(small, path.format(same), query.format(same))


@EACH
def test_follows_navigation_and_aliases(small: Service) -> None:
    expected = rows(small, "Customers", f"$filter=CustomerNumber eq '{INVOICE['CustomerNumber']}'")
    for root in (f"$root/Invoices('{KEY}')/Customer/CustomerNumber", f"$root/Invoices(@k)/CustomerNumber&@k='{KEY}'"):
        assert rows(small, "Customers", f"$filter=CustomerNumber eq {root}") == expected


@EACH
def test_what_is_missing_is_null(small: Service) -> None:
    nobody = rows(small, "Customers", "$filter=Country eq null")
    for root in ("$root/Customers('nobody')/Country", "$root/Invoices('nobody')/Customer/Country"):
        assert rows(small, "Customers", f"$filter=Country eq {root}") == nobody


def test_is_read_once() -> None:
    seen: list[Any] = []
    watched = replace(CAPABLE, observers=(seen.append,))
    root = f"$root/Invoices('{KEY}')/Amount"
    rows(watched, "Invoices", f"$filter=Amount eq {root} or Amount gt {root} or Amount gt @a&@a={root}&$top=0")
    assert seen[0].rows_read == 1


def test_too_many_are_refused() -> None:
    def query(number: int) -> str:
        return " or ".join(f"Country eq $root/Customers('{n}')/Country" for n in range(number))

    assert rows(CAPABLE, "Customers", f"$filter={query(5)}") is not None
    status, code, position = error(f"$filter={query(6)}")
    assert (status, code) == (400, "limit_exceeded")
    assert position == query(6).rindex("$root")


@pytest.mark.parametrize(
    ("root", "status", "code"),
    [
        ("$root/Nothing('a')/Country", 400, "unknown_property"),
        ("$root/Customers('a')/Nothing", 400, "unknown_property"),
        ("$root/Customers(5)/Country", 400, "type_mismatch"),
        ("$root/Customers('a')", 501, "not_implemented"),
        ("$root/Customers", 501, "not_implemented"),
        ("$root/Customers/any(c:true)", 501, "not_implemented"),
    ],
)
def test_mistakes_have_a_place(root: str, status: int, code: str) -> None:
    assert error(f"$filter=Country eq {root}") == (status, code, 11)


class Narrow(Principal):
    """Sees the customers of one country."""

    def row_scope(self, entity_set: EntitySet) -> Expr | None:
        if entity_set.name != "Customers":
            return None
        return call("eq", Prop(("Country",), STRING), Const("DE", STRING))


def test_sees_what_the_caller_sees() -> None:
    other = next(row for row in DATA["Customers"] if row["Country"] not in (None, "DE"))
    query = quote(
        f"$filter=$root/Customers('{other['CustomerNumber']}')/Country eq null&$count=true&$top=0", safe="$=&"
    )
    counts = []
    for caller in (Principal(), Narrow()):
        answer = CAPABLE.handle(ODataRequest("GET", "Invoices", query), caller)
        counts.append(json.loads(answer.body)["@odata.count"])
    assert counts == [0, len(DATA["Invoices"])], "a row out of scope is not there: its country is null"
