"""What ``$metadata`` claims of the service as a whole is what the service does."""

import gzip
import json
import re
import zlib
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from edm.functions import FUNCTIONS, NOT_IMPLEMENTED, Kind
from tests.serving import ROOT, Answer, application, connect
from tests.spec.claims import DESCRIBING, Json, Published, claims, read
from tests.spec.clauses import CLAUSES, World
from tests.spec.coverage import Status, places

Check = Callable[[Published, Any], None]
OF_CONTAINER: dict[str, Check] = {}


def of_container(term: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        OF_CONTAINER[term] = check
        return check

    return register


@of_container("Core.ODataVersions")
def versions(it: Published, claim: str) -> None:
    for version in ("4.0", "4.01"):
        told = it.works("$metadata", odata_maxversion=version).headers["OData-Version"]
        assert (told == version) == (version in claim.split())


@of_container("Core.ConventionalIDs")
@of_container("Core.DereferenceableIDs")
def ids(it: Published, claim: bool) -> None:
    for name, found in it.sets.items():
        (row,) = it.works(f"{name}?$top=1", accept="application/json;odata.metadata=full").rows
        if claim:
            assert row["@odata.id"] == f"{ROOT}{found.entity(found.rows[0])}"
            assert it.works(row["@odata.id"]).json[found.key] == found.rows[0][found.key]


@of_container("Capabilities.ConformanceLevel")
def level(it: Published, claim: str) -> None:
    """Every MUST up to that level has a test that passes, or is about what there is not."""
    levels = ("Minimal", "Intermediate", "Advanced")
    demanded = [c for c in CLAUSES.values() if c.strength == "MUST" and c.level in levels[: levels.index(claim) + 1]]
    found = places()
    assert len(demanded) > 50
    assert [c.id for c in demanded if found[c.id].status is Status.REFUSED] == []


@of_container("Capabilities.SupportedFormats")
def formats(it: Published, claim: list[str]) -> None:
    some = next(iter(it.sets))
    for media in claim:
        told = it.works(f"{some}?$top=1", accept=media).headers["Content-Type"]
        assert set(media.split(";")) <= set(told.split(";")), (media, told)
        assert it.works(f"{some}?$top=1&$format={media}").headers["Content-Type"] == told
    for media in ("application/atom+xml", "application/xml", "text/csv", "application/json;odata=verbose"):
        it.holds(media in claim, f"{some}?$top=1", accept=media)


@of_container("Capabilities.SupportedMetadataFormats")
def metadata_formats(it: Published, claim: list[str]) -> None:
    for media in ("application/xml", "application/json", "text/yaml"):
        it.holds(media in claim, "$metadata", accept=media)
        assert media not in claim or it.works("$metadata", accept=media).headers["Content-Type"].startswith(media)


@of_container("Capabilities.KeyAsSegmentSupported")
def key_as_segment(it: Published, claim: bool) -> None:
    for name, found in it.sets.items():
        it.holds(claim, f"{name}/{found.rows[0][found.key]}")


@of_container("Capabilities.QuerySegmentSupported")
def query_segment(it: Published, claim: bool) -> None:
    for name in it.sets:
        answer = it.world.send("POST", f"{name}/$query", b"$top=1", content_type="text/plain")
        assert (answer.status == 200) == claim, name
        assert not claim or answer.json["value"] == it.works(f"{name}?$top=1").rows


@of_container("Capabilities.CrossJoinSupported")
def cross_join(it: Published, claim: bool) -> None:
    one, other = list(it.sets)[3:5]
    it.holds(claim, f"$crossjoin({one},{other})?$top=1")


@of_container("Capabilities.AsynchronousRequestsSupported")
def asynchronous(it: Published, claim: bool) -> None:
    answer = it.world.get(f"{next(iter(it.sets))}?$top=1", prefer="respond-async")
    assert (answer.status == 202) == claim
    assert ("respond-async" in answer.headers.get("Preference-Applied", "")) == claim


@of_container("Capabilities.AnnotationValuesInQuerySupported")
def annotation_values(it: Published, claim: bool) -> None:
    some = next(iter(it.sets.values()))
    it.holds(claim, f"{some.name}?$filter={some.key}/@Core.Description eq 'x'&$top=1")


@of_container("Capabilities.BatchSupported")
def batch(it: Published, claim: bool) -> None:
    assert batch_works(it, "multipart/mixed") == claim


@of_container("Capabilities.BatchSupport")
def batch_support(it: Published, claim: Json) -> None:
    formats_ = claim.get("SupportedFormats", []) if claim.get("Supported", True) else []
    for media in ("multipart/mixed", "application/json"):
        assert batch_works(it, media) == (media in formats_), media
    if claim.get("Supported", True):
        some = next(iter(it.sets))
        continuing = claim.get("ContinueOnErrorSupported", False)
        for media in formats_:
            answer = send_batch(it, media, ("Nope", f"{some}?$top=1"), prefer="continue-on-error")
            assert batch_statuses(answer, media) == ([404, 200] if continuing else [404])


def batch_works(it: Published, media: str) -> bool:
    answer = send_batch(it, media, (f"{next(iter(it.sets))}?$top=1",))
    return answer.status == 200 and batch_statuses(answer, media) == [200]


def send_batch(it: Published, media: str, targets: tuple[str, ...], **headers: str) -> Answer:
    if media == "application/json":
        requests = [{"id": str(n), "method": "get", "url": target} for n, target in enumerate(targets)]
        body = json.dumps({"requests": requests}).encode()
        return it.world.send("POST", "$batch", body, content_type=media, odata_version="4.01", **headers)
    part = (
        "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nGET {} HTTP/1.1\r\n\r\n\r\n"
    )
    text = "".join(part.format(target) for target in targets) + "--b--\r\n"
    return it.world.send("POST", "$batch", text.encode(), content_type=f"{media}; boundary=b", **headers)


def batch_statuses(answer: Answer, media: str) -> list[int]:
    if media == "application/json":
        return [response["status"] for response in answer.json["responses"]]
    return [int(status) for status in re.findall(r"(?m)^HTTP/1\.1 (\d{3})", answer.text)]


@of_container("Capabilities.FilterFunctions")
def filter_functions(it: Published, claim: list[str]) -> None:
    some = next(n for n, s in it.sets.items() if any(link.get("$Collection") for link in s.navigation.values()))
    link = next(n for n, v in it.sets[some].navigation.items() if v.get("$Collection"))
    for name in sorted(
        {*claim, *SPECIMENS, *(f.name for f in FUNCTIONS.values() if not f.name.startswith("$")), *NOT_IMPLEMENTED}
    ):
        if name == "neg":
            continue  # listed as -
        for condition in specimens(name):
            it.holds(name in claim, f"{some}?$top=1&$filter={condition.replace('{link}', link)}")


#: A use of each operator and function that the table of signatures does not tell how to write.
SPECIMENS = {
    "-": ["-(1) eq -1"],
    "any": ["{link}/any()"],
    "all": ["{link}/all(x:true)"],
    "not": ["not false"],
    "in": ["1 in (1,2)"],
    "has": [],
    "isof": [],
    "case": ["case(true:1,false:2) eq 1"],
    "cast": ["cast('1',Edm.Int32) eq 1"],
    "matchespattern": ["matchespattern('abc','^a')"],
    "hassubset": ["hassubset([1,2],[1])"],
    "hassubsequence": ["hassubsequence([1,2],[1])"],
    "geo.distance": ["geo.distance(geography'SRID=0;Point(1 1)',geography'SRID=0;Point(1 1)') lt 1"],
    "geo.intersects": ["geo.intersects(geography'SRID=0;Point(1 1)',geography'SRID=0;Point(1 1)')"],
    "geo.length": ["geo.length(geography'SRID=0;LineString(1 1,2 2)') lt 1"],
}
#: Literals by the name of an operand's type or class.
LITERALS = {
    "String": "'ab'", "Boolean": "true", "number": "2", "integer": "2", "Int32": "1", "Int64": "1", "Decimal": "1.5",
    "Double": "1.5e0", "Date": "2026-01-31", "TimeOfDay": "12:30:00", "DateTimeOffset": "2026-01-31T12:30:00Z",
    "Duration": "duration'PT1H'", "any primitive value": "1", "ordered value": "1",
}  # fmt: skip


def specimens(name: str) -> list[str]:
    """Conditions that use the operator or function, one per signature that literals can be written for."""
    if name in SPECIMENS:
        return SPECIMENS[name]
    function = FUNCTIONS[name]
    found = []
    for signature in function.signatures:
        operands = [LITERALS.get(operand.name) for operand in signature.params]
        if None in operands:
            continue
        texts = [str(text) for text in operands]
        text = f" {name} ".join(texts) if function.kind is Kind.INFIX else f"{name}({','.join(texts)})"
        result = signature.result if not callable(signature.result) else None
        found.append(text if result is not None and result.name == "Boolean" else f"({text}) ne null")
    assert found, name
    return found


# The tests


@pytest.fixture(scope="module")
def published(world: World) -> Published:
    return read(world)


@pytest.mark.parametrize("term", OF_CONTAINER)
def test_the_container(term: str, published: Published) -> None:
    said = claims(published.container)
    if term in said:
        OF_CONTAINER[term](published, said[term])


def test_the_schema_version(published: Published) -> None:
    version = claims(published.schema)["Core.SchemaVersion"]
    published.works(f"$metadata?$schemaversion={version}")
    published.refused(f"$metadata?$schemaversion={version}x")


def test_encodings(published: Published, demo_sqlite_url: str) -> None:
    """Over WSGI: the service itself never sees a compressed body."""
    claim = claims(published.container)["Capabilities.AcceptableEncodings"]
    text = json.dumps({"requests": [{"id": "1", "method": "get", "url": "Customers?$top=1"}]}).encode()
    bodies = {"gzip": gzip.compress(text), "deflate": zlib.compress(text), "br": text, "compress": text}
    with closing(connect(demo_sqlite_url)) as adapter:
        site = application(adapter)
        for encoding, body in bodies.items():
            headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
            answer = site.raw("POST", b"/odata/v4/$batch", headers, body)
            assert answer.status == (200 if encoding in claim else 415), encoding


def test_no_claim_of_the_service_goes_unchecked(published: Published) -> None:
    assert set(claims(published.container)) <= {*OF_CONTAINER, *DESCRIBING, "Capabilities.AcceptableEncodings"}
