"""Conformance: keys, properties, resource paths, percent-encoding. Each test is named by its clause."""

import pytest

from tests.serving import ROOT, demo_metadata
from tests.spec.clauses import Checks, World, shown

checks = Checks()


@pytest.mark.parametrize("clause", checks)
def test_clause(clause: str, world: World) -> None:
    checks.run(clause, world)


@checks("P-KEY")
def entity_by_key(world: World) -> None:
    for entity_set in demo_metadata().sets:
        key = entity_set.type.key
        for demo in (world.demo[entity_set.name][0], world.demo[entity_set.name][-1]):
            cast = f"/ErpOData.{entity_set.type.name}"
            forms = (f"('{demo[key]}')", f"({key}='{demo[key]}')", f"( '{demo[key]}' )", f"/{demo[key]}")
            for form in (*forms, *(cast + form for form in forms), f"('{demo[key]}'){cast}"):
                body = world.get(f"{entity_set.name}{form}").json
                assert {n: v for n, v in body.items() if "@" not in n} == shown(demo), form
    for wrong, status in (
        ("('none')", 404), ("('')", 404), ("(CustomerNumber='none')", 404), ("('a''b')", 404), ("('%F0%9F%94%A9')",
        404), (f"('{'x' * 65536}')", 404), ("('C-100042%27)", 200), ("(1)", 400), ("(null)", 400), ("(City='x')",
        400), ("()", 400), ("('C-100042','C-100042')", 400), ("(CustomerNumber='C-100042',CustomerNumber='C-100042')",
        400), ("(C-100042)", 400), ("('C-100042'", 400), ("('C-100042')x", 400),
    ):  # fmt: skip
        assert world.get(f"Customers{wrong}").status == status, wrong[:60]


@checks("P-PROP")
def property_(world: World) -> None:
    demo = world.demo["Invoices"][0]
    for name, value in shown(demo).items():
        answer = world.get(f"Invoices('{demo['InvoiceNumber']}')/{name}")
        if value is None:
            assert (answer.status, answer.body) == (204, b"")
        else:
            context = f"{ROOT}$metadata#Invoices('{demo['InvoiceNumber']}')/{name}"
            assert answer.json == {"@odata.context": context, "value": value}


@checks("40-INT-06", "P-VALUE")
def raw_value(world: World) -> None:
    demo = world.demo["Invoices"][0]
    for name, value in shown(demo).items():
        answer = world.get(f"Invoices('{demo['InvoiceNumber']}')/{name}/$value")
        if value is None:
            assert (answer.status, answer.body) == (204, b"")
        else:
            text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
            assert answer.text == text
            assert answer.headers["Content-Type"].partition(";")[0] == "text/plain"
    assert world.get("Customers('C-100042')/$value").status in (404, 501)


@checks("P-NAV")
def related(world: World) -> None:
    invoice = next(r for r in world.demo["Invoices"] if r["SalesOrderNumber"] is None)
    base = f"Invoices('{invoice['InvoiceNumber']}')"
    lines = world.children(invoice, "InvoiceLines", "InvoiceNumber", "InvoiceNumber")
    assert world.get(f"{base}/Lines").rows == [shown(line) for line in lines]
    assert world.get(f"{base}/SalesOrder").status == 204
    assert world.get(f"{base}/SalesOrder/Lines").rows == []
    assert world.get(f"{base}/SalesOrder/CustomerName").status == 204
    assert world.get(f"{base}/SalesOrder/Lines/$count").text == "0"
    assert world.get(f"{base}/SalesOrder/Lines/$ref").json["value"] == []
    world.refuses(f"{base}/SalesOrder/Lines('x')", 404)
    world.refuses(f"{base}/SalesOrder/Lines('x')/LineNumber", 404)
    one = world.get(f"{base}/Lines('{lines[0]['InvoiceLineKey']}')")
    assert one.json["LineNumber"] == lines[0]["LineNumber"]
    other = next(r for r in world.demo["InvoiceLines"] if r["InvoiceNumber"] != invoice["InvoiceNumber"])
    world.refuses(f"{base}/Lines('{other['InvoiceLineKey']}')", 404)
    sliced = world.get(
        "Customers('C-100042')/Invoices?$filter=Status eq 'Paid'&$orderby=GrossAmount desc&$top=2&$count=true"
    )
    paid = [r for r in world.demo["Invoices"] if r["CustomerNumber"] == "C-100042" and r["Status"] == "Paid"]
    assert sliced.count == len(paid)
    assert [r["GrossAmount"] for r in sliced.rows] == sorted((r["GrossAmount"] for r in paid), reverse=True)[:2]
    found = world.keys("Customers('C-100042')/Invoices?$select=InvoiceNumber", prefer="maxpagesize=7")
    assert found == world.where("Invoices", lambda r: r["CustomerNumber"] == "C-100042")


@checks("P-REF")
def references(world: World) -> None:
    collection = world.get("Customers/$ref?$top=2&$filter=Country eq 'US'").json
    expected = world.where("Customers", lambda r: r["Country"] == "US")[:2]
    assert collection == {
        "@odata.context": f"{ROOT}$metadata#Collection($ref)",
        "value": [{"@odata.id": f"{ROOT}Customers('{key}')"} for key in expected],
    }
    invoice = world.demo["Invoices"][0]
    single = world.get(f"Invoices('{invoice['InvoiceNumber']}')/Customer/$ref").json
    assert single == {
        "@odata.context": f"{ROOT}$metadata#$ref",
        "@odata.id": f"{ROOT}Customers('{invoice['CustomerNumber']}')",
    }
    assert world.get(single["@odata.id"]).status == 200
    owned = world.get("Customers('C-100042')/Invoices/$ref").json["value"]
    keys = world.where("Invoices", lambda r: r["CustomerNumber"] == "C-100042")
    assert owned == [{"@odata.id": f"{ROOT}Invoices('{key}')"} for key in keys]


@checks("40-INT-16", "40-ADV-04", "P-COUNT")
def count_segment(world: World) -> None:
    for target, expected in (
        ("Invoices/$count", len(world.demo["Invoices"])),
        (
            "Customers('C-100042')/Invoices/$count",
            len(world.where("Invoices", lambda r: r["CustomerNumber"] == "C-100042")),
        ),
        ("Invoices/$count?$filter=Status eq 'Open'", len(world.where("Invoices", lambda r: r["Status"] == "Open"))),
        ("Invoices/$count?$top=3&$skip=9&$orderby=DueDate", len(world.demo["Invoices"])),
        ("Customers/$count?$search=acme", len(world.keys("Customers?$search=acme&$select=CustomerNumber"))),
        ("Invoices/$count?$filter=Status eq 'Nope'", 0),
    ):
        answer = world.get(target)
        assert (answer.status, answer.text) == (200, str(expected)), target
        assert answer.headers["Content-Type"] == "text/plain"
    assert world.get("Invoices/$count", accept="text/plain").status == 200
    assert world.get("Invoices/$count", accept="application/json").status in (200, 406)


@checks("P-ENC")
def percent_encoding(world: World) -> None:
    plain = world.get("Customers?$filter=CustomerName eq 'Müller %26 Söhne'&$select=CustomerNumber&$count=true")
    assert plain.count == 1
    for query in (
        "%24filter=CustomerName%20eq%20%27M%C3%BCller%20%26%20S%C3%B6hne%27&%24select=CustomerNumber&%24count=true",
        "$filter=CustomerName+eq+'M%C3%BCller+%26+S%C3%B6hne'&$select=CustomerNumber&$count=true",
        "%24%66ilter=%43ustomerName%09eq%20'M%c3%bcller%20%26%20S%c3%b6hne'&%24select=CustomerNumber&$count=%74rue",
        "$filter=%28CustomerName%20eq%20'M%C3%BCller%20%26%20S%C3%B6hne'%29&$select=CustomerNumber&$count=true",
        "&&$filter=CustomerName eq 'Müller %26 Söhne'&&$select=CustomerNumber&$count=true&",
    ):
        assert world.get(f"Customers?{query}").body == plain.body, query
    whole = "".join(f"%{byte:02X}" for byte in b"CustomerName eq 'acme tools'")
    assert world.keys(f"Customers?$filter={whole}&$select=CustomerNumber") == world.where(
        "Customers", lambda r: r["CustomerName"] == "acme tools"
    )
    entity = world.get("Customers('C-100042')").body
    for path in (
        "Customers(%27C-100042%27)", "Customers%28%27C-100042%27%29", "%43ustomers('C%2D100042')",
        "Customers('%43-100042')/", "Customers(CustomerNumber%3D'C-100042')",
    ):  # fmt: skip
        assert world.get(path).body == entity, path
    for path, status in (
        ("Customers('a%2Fb')", 404), ("Customers%2F'C-100042'", 404), ("Customers('C+100042')", 404),
        ("Customers('%2527')", 404), ("Customers('%00')", 400), ("Customers('%ff')", 400), ("Customers('%')", 400),
        ("Customers('%u0041')", 400), ("Customers('%C0%AF')", 400), ("Customers('%ED%A0%80')", 400),
        ("Customers?$filter=%zz", 400),
    ):  # fmt: skip
        world.refuses(path, status)
