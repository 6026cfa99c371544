"""External Change Data Capture: the handshake and the polls over services that track changes, and one that does not."""

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from click.testing import CliRunner
from requests.adapters import BaseAdapter

from edm.csdl import to_xml
from odata_server.cli import main
from salesforce import changes
from salesforce.client import Client
from salesforce.contract import contract
from salesforce.csdl import read
from salesforce.errors import ExternalSystemError
from salesforce.field_types import FieldType
from salesforce.pages import change_poll
from salesforce.profile import Profile
from salesforce.soql.run import Org
from salesforce.sync import ExternalField, ExternalObject, Synced
from tests.serving import demo_metadata

ROOT = "http://service/"


def field(name: str, kind: str = "String") -> ExternalField:
    made = FieldType("Text", 10) if kind == "String" else FieldType("Number", precision=18, scale=0)
    return ExternalField(f"{name}__c", name, kind, name, made, is_key=True)


INVOICES = ExternalObject("Invoices__x", "Invoices", "Invoice", "Invoices", ("Number",), (field("Number"),))
LINES = ExternalObject(
    "Lines__x", "Lines", "Line", "Lines", ("Order", "Line"), (field("Order"), field("Line", "Int32"))
)


class Recorded(BaseAdapter):
    """Answers by URL; keeps what was asked, with the preference."""

    def __init__(self, answers: Mapping[str, Any], applied: str = "odata.track-changes") -> None:
        super().__init__()
        self.answers, self.applied = answers, applied
        self.asked: list[tuple[str, str | None]] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **keywords: Any) -> requests.Response:
        url = unquote(str(request.url)).removeprefix(ROOT)
        self.asked.append((url, request.headers.get("Prefer")))
        response = requests.Response()
        response.status_code = 200 if url in self.answers else 410
        response.headers["Preference-Applied"] = self.applied
        response.raw = BytesIO(json.dumps(self.answers.get(url, {"error": {"message": "expired"}})).encode())
        return response

    def close(self) -> None:
        """Nothing is open."""


def org(service: Recorded, adapter: Any = "4.0") -> Org:
    session = requests.Session()
    session.mount(ROOT, service)
    return Org(Synced((INVOICES, LINES)), Client(ROOT, session, Profile(adapter=adapter)))


START = "Invoices?$count=true&$top=0"


def test_changes_are_polled() -> None:
    deleted = {"@odata.context": f"{ROOT}$metadata#Invoices/$deletedEntity", "id": "Invoices('O''Neil%2F1')"}
    service = Recorded(
        {
            START: {"@odata.count": 7, "value": [], "@odata.deltaLink": f"{ROOT}Invoices?$deltatoken=1"},
            "Invoices?$deltatoken=1": {"value": [{"Number": "A"}], "@odata.nextLink": "Invoices?$skiptoken=2"},
            "Invoices?$skiptoken=2": {
                "value": [deleted, {"@odata.context": "$metadata#Invoices/$link", "source": "x"}],
                "@odata.deltaLink": "Invoices?$deltatoken=3",
            },
            "Invoices?$deltatoken=3": {"value": [], "@odata.deltaLink": "Invoices?$deltatoken=4"},
        }
    )
    waited: list[int] = []
    visit = change_poll(org(service), INVOICES, polls=2, pause=lambda: waited.append(1))
    assert (visit.refused, visit.notes, len(waited)) == ("", (), 2)
    begun, first, second = visit.steps
    assert begun.result.total == 7
    assert [tuple(event.values()) for event in first.result.records] == [("UPDATE", "A"), ("DELETE", "O'Neil/1")]
    assert second.result.records == ()
    urls = [START, "Invoices?$deltatoken=1", "Invoices?$skiptoken=2", "Invoices?$deltatoken=3"]
    assert service.asked == [(url, "odata.track-changes") for url in urls]
    assert [len(step.result.exchanges) for step in visit.steps] == [1, 2, 1]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"Order": "A", "Line": 1}, ("UPDATE", "A~1")),
        ({"@removed": {"reason": "deleted"}, "Order": "A", "Line": 1}, ("DELETE", "A~1")),
        ({"@removed": {"reason": "changed"}, "@id": "Lines(Order='A,B',Line=10)"}, ("DELETE", "A,B~10")),
        (
            {"@odata.context": "$metadata#Lines/$deletedEntity", "id": "Lines(Line=2,Order='x~y')"},
            ("DELETE", "x%7Ey~2"),
        ),
    ],
)
def test_events(item: dict[str, Any], expected: tuple[str, str]) -> None:
    service = Recorded({"d": {"value": [item], "@odata.deltaLink": "e"}})
    result, link = changes.poll(org(service, "4.01"), LINES, f"{ROOT}d")
    assert link == f"{ROOT}e"
    assert [tuple(event.values()) for event in result.records] == [expected]
    assert not result.notes


def test_deletions_of_4_01_are_not_for_the_4_0_adapter() -> None:
    service = Recorded({"d": {"value": [{"@removed": {}, "Number": "A"}], "@odata.deltaLink": "e"}})
    result, _ = changes.poll(org(service), INVOICES, f"{ROOT}d")
    assert result.notes == ("Invoices: @removed is of OData 4.01; the 4.0 adapter may take it for a change",)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({}, "expired"),
        ({"d": {"value": []}}, "the last page of changes has no delta link"),
        ({"d": {"value": [], "@odata.nextLink": "d"}}, "leads back to a page"),
        ({"d": {"value": [{"@removed": {}}], "@odata.deltaLink": "e"}}, "neither its key nor an id"),
        ({"d": {"value": [{}] * 2_001, "@odata.deltaLink": "e"}}, "Salesforce takes 2,000"),
    ],
)
def test_what_ends_the_polling(answers: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ExternalSystemError, match=message):
        changes.poll(org(Recorded(answers)), INVOICES, f"{ROOT}d")


def test_a_delta_link_without_the_preference_is_told() -> None:
    service = Recorded({START: {"@odata.count": 1, "value": [], "@odata.deltaLink": "d"}}, applied="")
    result, link = changes.start(org(service), INVOICES)
    assert link == f"{ROOT}d"
    assert "no Preference-Applied" in result.notes[0]


def test_a_service_that_tracks_nothing_is_not_polled() -> None:
    service = Recorded({START: {"@odata.count": 7, "value": []}})
    visit = change_poll(org(service), INVOICES, polls=5)
    assert "does not track changes" in visit.refused
    assert [url for url, _ in service.asked] == [START]


def run(url: str, *arguments: str) -> tuple[int, Sequence[str], str]:
    result = CliRunner().invoke(
        main, ["salesforce", "play", "change-poll", *arguments, "--database-url", url], prog_name="erp-odata"
    )
    return result.exit_code, result.stdout.splitlines(), result.stderr


def test_our_service_says_what_it_does(demo_sqlite_url: str) -> None:
    """It tracks changes where the metadata say so, and nowhere else."""
    assets = contract(read(to_xml(demo_metadata(), odata_version="4.0"))).entity_set("Assets")
    assert assets is not None
    code, out, err = run(demo_sqlite_url, "Assets")
    assert out[0].startswith("Assets, tracking switched on: ")
    untracked = "change tracking" not in assets.can
    assert (code == 1, "does not track changes" in err) == (untracked, untracked)
