"""Conformance: the protocol at its minimal levels, headers, status codes. Each test is named by its clause."""

import re
from xml.etree import ElementTree

import pytest

from tests.serving import MINIMAL, ROOT, demo_metadata, pages
from tests.spec.clauses import Checks, World, difference, shown, well_formed_error

checks = Checks()

#: Requests of every kind and status.
SAMPLES = (
    ("", 200), ("$metadata", 200), ("Customers", 200), ("Customers('C-100042')", 200),
    ("Customers('C-100042')/Invoices", 200), ("Customers('C-100042')/CustomerName", 200),
    ("Customers('C-100042')/CustomerName/$value", 200), ("Customers/$count", 200), ("Customers/$ref", 200),
    ("Customers('C-100042')/CustomerName2", 204), ("Nope", 404), ("Customers('none')", 404),
    ("Customers?$filter=", 400), ("Customers?$filter=Nope eq 1", 400), ("$batch", 405),
)  # fmt: skip

FORMS = {
    "String": r'".*"',
    "Boolean": "true|false",
    "Int16": r"-?\d{1,5}",
    "Int32": r"-?\d{1,10}",
    "Int64": r"-?\d{1,19}",
    "Decimal": r"-?\d+(\.\d+)?",
    "Date": r'"\d{4}-\d\d-\d\d"',
    "DateTimeOffset": r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"',
}


@pytest.mark.parametrize("clause", checks)
def test_clause(clause: str, world: World) -> None:
    checks.run(clause, world)


# --- OData 4.0 Minimal ----------------------------------------------------------------------------------------------


@checks("40-MIN-01")
def service_document(world: World) -> None:
    document = world.get("").json
    assert document["@odata.context"] == f"{ROOT}$metadata"
    assert [s["name"] for s in document["value"]] == [s.name for s in demo_metadata().sets]
    for entry in document["value"]:
        assert len(world.get(f"{entry['url']}?$top=1").rows) == 1


@checks("40-MIN-02")
def every_value_has_the_form_of_its_type(world: World) -> None:
    for entity_set in demo_metadata().sets:
        collection = world.get(f"{entity_set.name}?$top=20")
        entity = world.get(f"{entity_set.name}('{collection.rows[0][entity_set.type.key]}')")
        without = {name: value for name, value in entity.json.items() if "@" not in name}
        assert without == collection.rows[0]
        for found in entity_set.type.properties:
            for value in re.findall(rf'"{found.name}":("(?:[^"\\]|\\.)*"|[^,}}]+)', collection.text):
                assert (value == "null" and found.nullable) or re.fullmatch(FORMS[found.type.name], value)


@checks("40-MIN-03", "JSON-15", "Q-PAGE")
def pages_are_complete(world: World) -> None:
    target = (
        "Invoices?$select=InvoiceNumber,Status&$expand=Customer($select=CustomerNumber)&$filter=Currency ne 'EUR'"
        "&$orderby=DueDate desc&$count=true"
    )
    expected = world.where("Invoices", lambda r: r["Currency"] != "EUR")
    assert int(world.get("Invoices/$count?$filter=Currency ne 'EUR'").text) == len(expected)
    for level in ("none", "minimal", "full"):
        accept = f"application/json;odata.metadata={level}"
        found = list(pages(world.client, target, prefer="odata.maxpagesize=400", accept=accept))
        assert all(page.count == len(expected) for page in found)
        assert [len(page.rows) for page in found[:-1]] == [400] * (len(found) - 1)
        assert all("Customer" in row for page in found for row in page.rows)
        keys = [row["InvoiceNumber"] for page in found for row in page.rows]
        assert sorted(keys) == expected, difference(target, keys, expected)


@checks("40-MIN-04")
def version_on_every_answer(world: World) -> None:
    for target, status in SAMPLES:
        for asked, told in ((None, "4.0"), ("4.0", "4.0"), ("4.01", "4.01")):
            headers = {} if asked is None else {"odata_maxversion": asked}
            answer = world.get(target, **headers)
            assert (answer.status, answer.headers["OData-Version"]) == (status, told), target
    assert world.send("POST", "Customers").headers["OData-Version"] == "4.0"


@checks("40-MIN-05.1", "ST-406")
def accept_is_honoured(world: World) -> None:
    for accept in (
        "application/json", "*/*", "application/*", "image/png, application/json;q=0.1", "", "APPLICATION/JSON",
        "application/json;odata.metadata=minimal;odata.streaming=false;IEEE754Compatible=false",
        'application/json; odata.metadata="minimal"; charset=utf-8', "image/png;q=1, */*;q=0.01",
    ):  # fmt: skip
        answer = world.get("Customers?$top=1", accept=accept)
        assert answer.status == 200, accept
        assert answer.headers["Content-Type"].startswith("application/json;odata.metadata=minimal")
    for accept in (
        "image/png", "text/html", "application/xml", "application/json;foo=bar", "application/json;odata.metadata=some",
        "application/json;q=0", "application/json;q=0, */*", "application/atom+xml", "application/json;odata=verbose", "text/plain",
    ):  # fmt: skip
        world.refuses("Customers?$top=1", 406, accept=accept)
    preferring = world.get("$metadata", accept="application/json;q=0.9, application/xml;q=0.1")
    assert preferring.headers["Content-Type"].startswith("application/json")
    preferring = world.get("$metadata", accept="application/json;q=0.1, application/xml;q=0.9")
    assert preferring.headers["Content-Type"] == "application/xml"
    preferring = world.get("$metadata", accept="application/xml;q=0.1, */*;q=0.5")
    assert preferring.headers["Content-Type"].startswith("application/json")


@checks("40-MIN-05.2", "401-MIN-17")
def max_version_is_honoured(world: World) -> None:
    for asked, told in (("4.0", "4.0"), ("4.01", "4.01"), ("9.9", "4.01"), ("4.1", "4.01"), (" 4.0 ", "4.0")):
        assert world.get("Customers?$top=1", odata_maxversion=asked).headers["OData-Version"] == told
    for asked in ("3.0", "2.0", "1.0", "four", "4", "", "4.0.0", "-4.0"):
        world.refuses("Customers?$top=1", 400, odata_maxversion=asked)
    assert world.get("Customers?$top=1").headers["OData-Version"] == "4.0"


@checks("40-MIN-06", "HDR-PREFER")
def extensions(world: World) -> None:
    plain = world.get("Customers?$top=2")
    for prefer in (
        "x-unknown", "return=minimal", 'x;y="z", wait=5', "respond-async",
        "odata.maxpagesize=none", "=;,", "omit-values=nothing",
    ):  # fmt: skip
        answer = world.get("Customers?$top=2", prefer=prefer, x_unknown="yes", odata_unknown="yes")
        assert (answer.status, answer.body) == (200, plain.body), prefer
        assert "Preference-Applied" not in answer.headers
    for preference in ('odata.include-annotations="*"', 'include-annotations="-ErpOData.*"'):
        answer = world.get("Customers?$top=2", prefer=preference)
        assert (answer.body, answer.headers["Preference-Applied"]) == (plain.body, preference)
    assert "@ErpOData.hint" not in world.refuses("Customers?$filter=Nam eq 1", 400, prefer=preference)
    assert world.get("Customers?$top=2&mine=1&my%20own=%24x&sap-client=100").body == plain.body
    for option in ("$nonsense=1", "$Customers=1", "%24nonsense=1", "$=1", "$inlinecount=allpages"):
        world.refuses(f"Customers?$top=2&{option}", 400)


@checks("40-MIN-07", "ST-400")
def malformed_options(world: World) -> None:
    for option in (
        "$filter=", "$filter=Country", "$filter=Country eq", "$filter=Country eq 'DE", "$filter=Country eq DE",
        "$filter=(Country eq 'DE'", "$filter=Country eq 'DE')", "$filter=Country = 'DE'", "$filter=and",
        "$filter=contains(Country)", "$filter=nosuch(Country)", "$filter=Nope eq 1", "$filter=Country eq 1",
        "$filter=Country in 'DE'", "$filter=Invoices/any(x:)", "$filter=1 add 'a' eq 2",
        "$filter=DunningLevel eq 99999999999999999999999999999999999999999", "$filter=Country eq 'DE' Country eq 'DE'",
        "$filter", "$orderby=", "$orderby=Country up", "$orderby=Country,,City", "$orderby=Nope", "$orderby=Country desc asc",
        "$select=", "$select=Nope", "$select=Country,", "$select=Country;City", "$expand=", "$expand=Nope", "$expand=Country",
        "$expand=Invoices(", "$expand=Invoices($top=-1)", "$expand=Invoices($nope=1)", "$top=-1", "$top=a", "$top=", "$top=1.5",
        "$top=1e3", "$top=0x10", "$top=٣", "$top=99999999999999999999", "$skip=-1", "$skip=x", "$skip=9223372036854775808",
        "$count=yes", "$count=1", "$count=", "$search=", "$search=\"a", "$search=(a", "$skiptoken=", "$skiptoken=x",
        "$format=", "$schemaversion=", "$filter=@", "@=1", "@1=2",
    ):  # fmt: skip
        answer = world.get(f"Customers?{option}")
        assert 400 <= answer.status <= 415, f"{option}: {answer.status}"
        assert answer.status in (400, 415), f"{option}: {answer.status}"
        well_formed_error(answer)
    for path in ("Customers(", "Customers()", "Customers('a','b')", "Customers(Nope='a')", "Customers(1)"):
        assert world.get(path).status in (400, 404), path


@checks("40-MIN-08")
def only_types_of_csdl(world: World) -> None:
    root = ElementTree.fromstring(world.get("$metadata").text)
    types = {element.get("Type", "") for element in root.iter() if "Type" in element.attrib}
    declared = {f"ErpOData.{s.type.name}" for s in demo_metadata().sets}
    for name in types:
        bare = re.sub(r"^Collection\((.*)\)$", r"\1", name)
        assert bare in declared or bare.removeprefix("Edm.") in FORMS, name


@checks("40-MIN-09")
def nothing_special_is_needed(world: World) -> None:
    for entity_set in demo_metadata().sets:
        answer = world.get(f"{entity_set.name}?$top=1", accept="application/json", odata_maxversion="4.0")
        assert answer.rows == [shown(world.demo[entity_set.name][0])]


@checks("40-MIN-10", "ST-405")
def refused_writes_change_nothing(world: World) -> None:
    before = world.get("Customers?$orderby=ChangedAt desc&$top=5&$count=true").body
    for method, target in (
        ("POST", "Customers"), ("PATCH", "Customers('C-100042')"), ("PUT", "Customers('C-100042')"), ("PUT", "Customers"),
        ("DELETE", "Customers('C-100042')"), ("DELETE", "$metadata"), ("POST", ""), ("PUT", "Customers('C-100042')/City"),
        ("POST", "Customers('C-100042')/Invoices/$ref"), ("TRACE", "Customers"), ("get", "Customers"), ("X" * 1000, ""),
    ):  # fmt: skip
        answer = world.send(method, target, b'{"City":"Nowhere"}', content_type="application/json")
        assert answer.status == 405, (method, target)
        well_formed_error(answer)
        assert "GET" in answer.headers["Allow"]
    tunnelled = world.send("POST", "Customers('C-100042')", b"{}", x_http_method="DELETE")
    assert tunnelled.status == 405
    assert world.get("Customers?$orderby=ChangedAt desc&$top=5&$count=true").body == before


@checks("40-MIN-12", "40-INT-14")
def expand(world: World) -> None:
    rows = world.get("Invoices?$top=50&$select=InvoiceNumber&$expand=Customer($select=CustomerName),Lines").rows
    names = {r["CustomerNumber"]: r["CustomerName"] for r in world.demo["Customers"]}
    for row, invoice in zip(rows, world.demo["Invoices"], strict=False):
        assert row["Customer"]["CustomerName"] == names[invoice["CustomerNumber"]]
        lines = world.children(invoice, "InvoiceLines", "InvoiceNumber", "InvoiceNumber")
        assert row["Lines"] == [shown(line) for line in lines]


@checks("40-MIN-13", "40-INT-08", "CX-04")
def metadata_is_xml(world: World) -> None:
    for headers in ({}, {"accept": "*/*"}, {"accept": "application/xml"}, {"accept": ""}):
        answer = world.get("$metadata", **headers)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/xml"
        assert ElementTree.fromstring(answer.text).tag.endswith("Edmx")


@checks("40-MIN-14", "401-MIN-04", "HDR-PAGESIZE")
def names_with_and_without_prefix(world: World) -> None:
    for name in ("odata.maxpagesize", "maxpagesize", "OData.MaxPageSize", "x=1; y, maxpagesize"):
        answer = world.get("Customers", prefer=f"{name}=7")
        assert len(answer.rows) == 7
        assert answer.next is not None
        assert answer.headers["Preference-Applied"].lower() in ("odata.maxpagesize=7", "maxpagesize=7")
    nested = world.get("Customers?$select=City&$expand=Invoices($select=Status)", prefer="maxpagesize=2")
    assert max(len(row["Invoices"]) for row in nested.rows) == len(nested.rows) == 2
    whole = world.get("Customers('C-100042')?$expand=Invoices/$ref", prefer="maxpagesize=2")
    assert whole.headers["Preference-Applied"] == "maxpagesize=2"
    rest = world.get(whole.json["Invoices@odata.nextLink"])
    references = world.get("Customers('C-100042')/Invoices/$ref").rows
    assert [*whole.json["Invoices"], *rest.rows] == references
    assert len(references) > len(whole.json["Invoices"]) == 2
    for name in ("OData-Isolation", "Isolation"):
        assert world.send("GET", "Customers", b"", **{name: "snapshot"}).status == 412
    for level in ("odata.metadata=none", "metadata=none"):
        answer = world.get("Customers?$top=1", accept=f"application/json;{level}", odata_maxversion="4.01")
        assert list(answer.json) == ["value"]


@checks("40-MIN-15", "401-MIN-09.2")
def duration_literals(world: World) -> None:
    for literal in ("duration'P30D'", "'P30D'", "duration'PT720H'"):
        world.filters(
            "Invoices",
            f"DueDate sub InvoiceDate gt {literal}",
            lambda r: None not in (r["DueDate"], r["InvoiceDate"]) and (r["DueDate"] - r["InvoiceDate"]).days > 30,
        )
    # There are no enumeration types, so no such literal has a type.
    world.refuses("Customers?$filter=Status eq ErpOData.Colour'Red'", 400)


# --- OData 4.01 Minimal ---------------------------------------------------------------------------------------------


@checks("401-MIN-02", "JSON-10", "JSON-26")
def json_of_4_01(world: World) -> None:
    accept = "application/json;metadata=full"
    answer = world.get("Customers?$top=3&$count=true", accept=accept, odata_maxversion="4.01")
    assert answer.headers["OData-Version"] == "4.01"
    assert answer.headers["Content-Type"] == "application/json;metadata=full"
    assert "odata." not in answer.text.replace(ROOT, "")
    assert list(answer.json)[:2] == ["@context", "@count"]
    for row in answer.rows:
        names = list(row)
        for index, name in enumerate(names):
            if "@" in name and not name.startswith("@") and name.partition("@")[0] in row:
                follows = [n for n in names[index + 1 :] if n.partition("@")[0] == name.partition("@")[0]]
                assert follows, name
                assert names[index + 1].partition("@")[0] == name.partition("@")[0], f"{name} stands apart"
        assert row["@type"] == "#ErpOData.Customer"
        assert row["CreditLimit@type"] == "Decimal"


@checks("401-MIN-05")
def schema_version(world: World) -> None:
    for known in ("*", demo_metadata().version):
        assert world.get(f"Customers?$top=1&$schemaversion={known}").status == 200
        assert world.get(f"$metadata?$schemaversion={known}").status == 200
    for target in ("Customers?", "$metadata?", "?", "Customers('C-100042')?", "Customers/$count?"):
        world.refuses(f"{target}$schemaversion=zzz", 404)


@checks("401-MIN-06")
def option_names_without_dollar(world: World) -> None:
    bare = (
        "filter=Country eq 'DE'&select=CustomerNumber,City&top=5&skip=2&count=true&orderby=City desc"
        "&expand=Invoices(select=InvoiceNumber;top=1)&format=json&schemaversion=*"
    )
    dollar = re.sub(r"(^|[&(;])(?=[a-z]+=)", r"\1$", bare)
    for version in ("4.0", "4.01"):
        answer = world.get(f"Customers?{bare}", odata_maxversion=version)
        assert answer.rows
        assert answer.body == world.get(f"Customers?{dollar}", odata_maxversion=version).body
    assert world.get("Customers?search=acme").body == world.get("Customers?$search=acme").body


@checks("401-MIN-07")
def case_of_names(world: World) -> None:
    expected = world.get(
        "Customers?$filter=Country eq 'DE' and contains(City,'e')&$orderby=City desc&$top=9&$count=true"
    )
    assert expected.rows
    for target in (
        "Customers?$FILTER=Country EQ 'DE' AND CONTAINS(City,'e')&$OrderBy=City DESC&$Top=9&$COUNT=TRUE",
        "Customers?Filter=Country Eq 'DE' And Contains(City,'e')&ORDERBY=City Desc&TOP=9&Count=true",
    ):
        assert world.get(target).body == expected.body
    world.filters("Customers", "Invoices/ANY(i:i/Status EQ 'Draft')", lambda r: r["CustomerNumber"] in {
        i["CustomerNumber"] for i in world.demo["Invoices"] if i["Status"] == "Draft"
    })  # fmt: skip


@checks("401-MIN-08")
def identifiers_as_declared(world: World) -> None:
    row = world.get("Customers?$top=1").rows[0]
    assert list(row) == list(demo_metadata()["Customers"].type.names)


@checks("401-MIN-09.1")
def strings_as_primitive_values(world: World) -> None:
    day = world.demo["Invoices"][0]["DueDate"].isoformat()
    expected = world.where("Invoices", lambda r: r["DueDate"] is not None and r["DueDate"].isoformat() == day)
    for literal in (day, f"'{day}'"):
        assert world.keys(f"Invoices?$select=InvoiceNumber&$filter=DueDate eq {literal}") == expected
    assert world.keys(f"Invoices?$select=InvoiceNumber&$filter=DueDate eq cast('{day}',Edm.Date)") == expected


@checks("401-MIN-09.6")
def alias_for_a_key(world: World) -> None:
    expected = world.get("Customers('C-100042')").body
    assert world.get("Customers(@k)?@k='C-100042'").body == expected
    assert world.get("Customers(CustomerNumber=@k)?@k='C-100042'").body == expected
    assert world.get("Customers(@k)?@k='a/b\\c'").status == 404
    assert world.get("Customers(@k)").status in (400, 404)


@checks("401-MIN-09.12")
def key_as_segment(world: World) -> None:
    for one, other in (
        ("Customers/C-100042", "Customers('C-100042')"),
        ("Customers/C-100042/City", "Customers('C-100042')/City"),
        ("Customers/C-100042/Invoices/$count", "Customers('C-100042')/Invoices/$count"),
        ("SalesOrderLines/SO10002001~0010/SalesOrder", "SalesOrderLines('SO10002001~0010')/SalesOrder"),
    ):
        assert world.get(one).body == world.get(other).body
        assert world.get(one).status == 200


@checks("401-MIN-10", "401-ADV-06", "CJ-02")
def metadata_in_both_formats(world: World) -> None:
    by_format = world.get("$metadata?$format=json")
    document = world.get("$metadata", accept="application/json").json
    assert by_format.status == 200
    assert document["$EntityContainer"] == "ErpOData.Container"
    schema = document["ErpOData"]
    root = ElementTree.fromstring(world.get("$metadata", odata_maxversion="4.01").text)
    edm = "{http://docs.oasis-open.org/odata/ns/edm}"
    for element in root.iter(f"{edm}EntityType"):
        described = schema[element.attrib["Name"]]
        assert described["$Kind"] == "EntityType"
        members = [e.attrib["Name"] for e in element if e.tag in (f"{edm}Property", f"{edm}NavigationProperty")]
        assert [name for name in described if name[0] not in "@$"] == members
    sets = [e.attrib["Name"] for e in root.iter(f"{edm}EntitySet")]
    container = schema["Container"]
    assert [n for n in container if isinstance(container[n], dict) and container[n].get("$Collection")] == sets


@checks("401-MIN-11")
def no_names_that_differ_in_case_alone(world: World) -> None:
    root = ElementTree.fromstring(world.get("$metadata").text)
    for element in root.iter():
        names = [child.attrib["Name"].lower() for child in element if "Name" in child.attrib]
        assert len(names) == len(set(names))


@checks("401-MIN-12", "401-MIN-13")
def annotations_of_the_container(world: World) -> None:
    text = world.get("$metadata", odata_maxversion="4.01").text
    assert re.search(r'Term="(Org\.OData\.)?Core(\.V1)?\.ODataVersions"[^>]*String="[^"]*4\.01', text)
    assert "Capabilities." in text


@checks("401-MIN-16")
def search_on_navigation(world: World) -> None:
    found = world.keys("Customers('C-100042')/Invoices?$search=INV-10&$select=InvoiceNumber")
    assert found == world.where("Invoices", lambda r: r["CustomerNumber"] == "C-100042")
    assert world.keys("Customers('C-100042')/Invoices?$search=zzzzzz&$select=InvoiceNumber") == []


# --- headers --------------------------------------------------------------------------------------------------------


@checks("HDR-CHARSET", "JSON-CT")
def content_type(world: World) -> None:
    for target, status in SAMPLES:
        if status != 204:
            found = world.get(target).headers["Content-Type"]
            assert "charset" not in found
            assert ("odata.metadata=minimal" in found) == found.startswith("application/json"), target
    asked = world.get("Customers?$top=1", accept="application/json;charset=utf-8")
    assert asked.headers["Content-Type"] == "application/json;odata.metadata=minimal;charset=utf-8"
    newer = world.get("Customers?$top=1", odata_maxversion="4.01")
    assert newer.headers["Content-Type"] == "application/json;metadata=minimal"


@checks("HDR-VARY")
def vary(world: World) -> None:
    for target, _ in SAMPLES:
        named = {name.strip() for name in world.get(target).headers["Vary"].split(",")}
        assert {"OData-MaxVersion", "Prefer", "Accept"} <= named


@checks("HDR-ISOLATION")
def isolation(world: World) -> None:
    assert well_formed_error(world.send("GET", "Customers?$top=1", Isolation="snapshot"))["target"] == "Isolation"


@checks("HDR-ETAG", "JSON-ETAG")
def etags(world: World) -> None:
    target = "Customers('C-100042')"
    answer = world.get(target)
    tag = answer.headers["ETag"]
    assert answer.json["@odata.etag"] == tag
    for same in (tag, f'"x", {tag}', "*", tag.removeprefix("W/")):
        unchanged = world.get(target, if_none_match=same)
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert unchanged.headers["ETag"] == tag
        assert world.get(target, if_match=same).status == 200
    assert world.get(target, if_none_match='W/"other"').body == answer.body
    assert world.get(target, if_match='W/"other"').status == 412
    other = world.get("Customers('C-100043')")
    assert other.headers["ETag"] != tag
    collection = world.get("Customers?$top=1")
    assert world.get("Customers?$top=1", if_none_match=collection.headers["ETag"]).status == 304
    assert world.get(f"{target}?$select=City").json["@odata.etag"] == tag


@checks("HDR-META-ETAG")
def etag_of_the_metadata(world: World) -> None:
    tag = world.get("$metadata").headers["ETag"]
    assert world.get("$metadata", if_none_match=tag).status == 304
    assert world.get("$metadata", odata_maxversion="4.01").headers["ETag"] != tag
    assert world.get("$metadata", if_none_match='"other"').status == 200


@checks("HDR-LANG", "JSON-ERR")
def errors_are_well_formed(world: World) -> None:
    for target, status in SAMPLES:
        if status >= 400:
            for headers in ({}, MINIMAL, {"accept": "image/png"}, {"accept": "application/json;odata.metadata=none"}):
                well_formed_error(world.client.send("GET", target, headers))
    error = world.refuses("Customers?$top=1&$filter=Country eq 'DE' and Contry eq 'DE'", 400)
    assert (error["code"], error["target"]) == ("unknown_property", "$filter")
    assert error["@ErpOData.position"] == 20


# --- status codes ---------------------------------------------------------------------------------------------------


@checks("ST-404")
def unknown_resources(world: World) -> None:
    for target in (
        "Nope", "customers", "Customers('none')", "Customers('C-100042')/Nope", "Customers('none')/Invoices",
        "Customers('C-100042')/Invoices('none')", "Customers('none')/City", "Customers('none')/Invoices/$count",
        "Customers('C-100042')/City/Nope", "Customers('C-100042')/City/$count", "$nope", "Customers/$nope", "$metadata/x",
        "Customers//Invoices", "Customers/../Invoices", "Customers('c-100042')", "Customers('C-100042 ')",
    ):  # fmt: skip
        world.refuses(target, 404)


@checks("ST-204")
def null_is_no_content(world: World) -> None:
    customer = next(
        r for r in world.demo["Customers"] if r["CustomerName2"] is None and r["ParentCustomerNumber"] is None
    )
    base = f"Customers('{customer['CustomerNumber']}')"
    for target in ("CustomerName2", "CustomerName2/$value", "ParentCustomer", "ParentCustomer/ParentCustomer"):
        answer = world.get(f"{base}/{target}")
        assert (answer.status, answer.body) == (204, b""), target
        assert "Content-Type" not in answer.headers


@checks("ST-500")
def no_server_errors(world: World) -> None:
    for target, status in SAMPLES:
        assert status in (501, world.get(target).status)
        assert world.send("HEAD", target).status == status
