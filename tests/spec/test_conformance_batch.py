"""Conformance: several requests in one, queries by POST, and what is not asynchronous. Each test is named by its clause."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from tests.serving import ROOT
from tests.spec.clauses import Checks, World, shown

checks = Checks()

KEY = "C-100042"
#: The same request in every form that a URL within a batch may have.
FORMS = (f"Customers('{KEY}')", f"/odata/v4/Customers('{KEY}')", f"{ROOT}Customers('{KEY}')")


@pytest.mark.parametrize("clause", checks)
def test_clause(clause: str, each_world: World) -> None:
    checks.run(clause, each_world)


def multipart(world: World, *parts: str, end: str = "\r\n", **headers: str) -> list[tuple[str | None, int, bytes]]:
    """Content-ID, status and body of each answer."""
    body = "preamble\n" + "".join(f"--batch_1\n{part}\n" for part in parts) + "--batch_1--\nepilogue"
    sent = body.replace("\n", end).encode()
    answer = world.send("POST", "$batch", sent, content_type="multipart/mixed; boundary=batch_1", **headers)
    assert answer.status == 200, answer.text
    media = re.fullmatch(r"multipart/mixed;boundary=([\w]+)", answer.headers["Content-Type"])
    assert media
    found = []
    for part in answer.body.split(f"--{media[1]}".encode())[1:-1]:
        mime, head, content = part.removeprefix(b"\r\n").split(b"\r\n\r\n", 2)
        assert b"Content-Type: application/http" in mime.split(b"\r\n")
        content_id = re.search(rb"Content-ID: (\S+)", mime)
        status = re.match(rb"HTTP/1\.1 (\d{3}) \w+", head)
        assert status
        found.append((content_id and content_id[1].decode(), int(status[1]), content.removesuffix(b"\r\n")))
    return found


def part(target: str, method: str = "GET", content_id: str = "", accept: str = "application/json") -> str:
    named = f"Content-ID: {content_id}\n" if content_id else ""
    return f"Content-Type: application/http\nContent-Transfer-Encoding: binary\n{named}\n{method} {target} HTTP/1.1\nAccept: {accept}\n\n"


@checks("40-ADV-11")
def multipart_batch(world: World) -> None:
    for end in ("\r\n", "\n"):
        found = multipart(world, *(part(url, content_id=str(n)) for n, url in enumerate(FORMS)), end=end)
        assert [(content_id, status) for content_id, status, _ in found] == [("0", 200), ("1", 200), ("2", 200)]
        (customer,) = (row for row in world.demo["Customers"] if row["CustomerNumber"] == KEY)
        for _, _, body in found:
            assert shown(customer).items() <= json.loads(body, parse_float=Decimal).items()
            assert body == world.get(FORMS[0]).body
    # An error ends the batch, unless the client wants to go on.
    three = (part("Customers/$count", accept="*/*"), part("Nope"), part("Customers/$count", accept="*/*"))
    assert [status for _, status, _ in multipart(world, *three)] == [200, 404]
    for prefer in ("continue-on-error", "odata.continue-on-error=true"):
        assert [status for _, status, _ in multipart(world, *three, prefer=prefer)] == [200, 404, 200]
    # A change set is answered as one, and its Content-ID comes back, however often it occurs.
    writes = "".join(f"--cs\n{part(url, 'PATCH', '7')}\n" for url in FORMS)
    change_set = f"Content-Type: multipart/mixed;boundary=cs\n\n{writes}--cs--\n"
    found = multipart(world, change_set, change_set, part("$metadata", accept="*/*"), prefer="continue-on-error")
    assert [(content_id, status) for content_id, status, _ in found] == [("7", 405), ("7", 405), (None, 200)]
    # An earlier request can be referred to.
    found = multipart(world, part(FORMS[0], content_id="c"), part("$c/Invoices/$count", accept="*/*"))
    assert int(found[1][2]) == len(world.where("Invoices", lambda r: r["CustomerNumber"] == KEY)) > 0


def batch(world: World, *requests: Mapping[str, object], **headers: str) -> list[dict[str, Any]]:
    body = json.dumps({"requests": requests}).encode()
    answer = world.send("POST", "$batch", body, content_type="application/json", odata_maxversion="4.01", **headers)
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    found = answer.json["responses"]
    assert isinstance(found, list)
    return found


def get(id_: str, url: str, *depends_on: str, **members: object) -> dict[str, object]:
    return {"id": id_, "method": "GET", "url": url, **({"dependsOn": depends_on} if depends_on else {}), **members}


@checks("401-ADV-07")
def json_batch(world: World) -> None:
    found = batch(
        world,
        *(get(f"form{n}", url) for n, url in enumerate(FORMS)),
        get("count", "$form0/Invoices/$count", "form0"),
        get("gone", "Customers('nobody')"),
        get("after", "Customers", "gone"),
        {"id": "write", "method": "patch", "url": FORMS[0], "body": {"City": "Nowhere"}, "atomicityGroup": "g"},
        get("with", "Customers/$count", atomicityGroup="g"),
        get("last", "Customers/$count", "g"),
    )
    assert [(one["id"], one["status"], one.get("atomicityGroup")) for one in found] == [
        ("form0", 200, None), ("form1", 200, None), ("form2", 200, None), ("count", 200, None), ("gone", 404, None),
        ("after", 424, None), ("write", 405, "g"), ("with", 424, "g"), ("last", 424, None),
    ]  # fmt: skip
    (customer,) = (row for row in world.demo["Customers"] if row["CustomerNumber"] == KEY)
    for one in found[:3]:
        assert one["headers"]["content-type"].startswith("application/json")
        assert shown(customer).items() <= one["body"].items()
    assert int(found[3]["body"]) == len(world.where("Invoices", lambda r: r["CustomerNumber"] == KEY))
    assert found[4]["body"]["error"]["code"]
    stopped = batch(world, get("1", "Nope"), get("2", "Customers/$count"), prefer="continue-on-error=false")
    assert [one["status"] for one in stopped] == [404, 424]
    refused: Sequence[Sequence[object]] = (
        [get("1", "Customers"), get("1", "Customers")], [get("1", "Customers", "2"), get("2", "Customers", "1")],
        [get("1", "Customers", "99")], [{"method": "get", "url": "Customers"}],
    )  # fmt: skip
    for requests in refused:
        body = json.dumps({"requests": requests}).encode()
        assert world.send("POST", "$batch", body, content_type="application/json").status == 400


@checks("P-QUERY")
def queries_by_post(world: World) -> None:
    options = "$filter=Status in ('Open','Overdue') and GrossAmount gt 1000&$orderby=GrossAmount desc&$top=40"
    wanted = world.get(f"Invoices?{options}&$count=true")
    encoded = options.replace(" ", "%20")
    for query, body in (
        ("?$count=true", options),
        ("", f"{encoded}&$count=true"),
        ("", options.replace(" ", "+") + "&$count=true"),
    ):
        found = world.send("POST", f"Invoices/$query{query}", body.encode(), content_type="text/plain")
        assert found.status == 200, found.text
        assert found.rows == wanted.rows
        assert found.count == wanted.count
    numbers = world.where("Invoices", lambda r: True)[:1_500]
    condition = "$select=InvoiceNumber&$filter=InvoiceNumber in ({})".format(",".join(f"'{n}'" for n in numbers))
    found = world.send(
        "POST", "Invoices/$query", condition.encode(), content_type="text/plain", prefer="maxpagesize=2000"
    )
    assert [row["InvoiceNumber"] for row in found.rows] == numbers
    assert world.send("POST", "Invoices/$query", b"$top=x", content_type="text/plain").status == 400
    assert world.send("POST", "Invoices/$query", b"{}", content_type="application/json").status == 415
    assert (
        world.get("$metadata?$format=json").json["ErpOData"]["Container"]["@Capabilities.QuerySegmentSupported"] is True
    )


@checks("40-MIN-16", "40-MIN-17", "401-MIN-03")
def nothing_is_asynchronous(world: World) -> None:
    """The clauses are about the final answer of a request that was answered 202, which none is."""
    body = b'{"requests":[{"id":"1","method":"get","url":"Customers/$count","headers":{"Prefer":"respond-async"}}]}'
    answers = [
        world.get("Customers?$top=1", prefer="respond-async"),
        world.get("Customers?$top=1", prefer="respond-async,wait=0", odata_maxversion="4.01"),
        world.send("POST", "Customers/$query", b"$top=1", content_type="text/plain", prefer="respond-async"),
        world.send("POST", "$batch", body, content_type="application/json", prefer="respond-async"),
    ]
    for answer in answers:
        assert answer.status == 200
        assert not {"AsyncResult", "Location", "Preference-Applied"} & set(answer.headers)
        assert b'"status":202' not in answer.body
    container = world.get("$metadata?$format=json").json["ErpOData"]["Container"]
    assert container["@Capabilities.AsynchronousRequestsSupported"] is False
