"""The pages of Salesforce over the demo service: what they ask and show, that many users at once see no failure."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import requests
from click.testing import CliRunner

from erp_adapters.sql import SqlAdapter
from odata_server.cli import main
from odata_server.cli.local import Local
from odata_server.cli.play import show_figures
from odata_server.service import Service
from salesforce import pages
from salesforce.client import Client
from salesforce.errors import SalesforceError
from salesforce.load import Tally, User
from salesforce.profile import Profile
from salesforce.soql.days import Calendar
from salesforce.soql.run import Org
from salesforce.sync import ExternalObject, sync
from tests import serving

ROOT = "http://localhost/odata/v4/"


@pytest.fixture(scope="module")
def org(demo_sqlite_url: str) -> Iterator[Org]:
    adapter = serving.connect(demo_sqlite_url)
    assert isinstance(adapter, SqlAdapter)
    with requests.Session() as session:
        session.mount(ROOT, Local(Service(serving.demo_metadata(), adapter, secrets=(b"s" * 32,)), ROOT))
        client = Client(ROOT, session)
        yield Org(sync(client.metadata()), client, Calendar(datetime(2026, 11, 20, tzinfo=UTC), ZoneInfo("UTC")))
    adapter.close()


def named(org: Org, name: str) -> ExternalObject:
    found = org.synced.object(name)
    assert found is not None
    return found


def shown(visit: pages.Visit, step: int = 0) -> list[str]:
    records = visit.steps[step].result.records
    return [next(iter(record.values())) for record in records]


@pytest.mark.parametrize("name", [f"{entity_set.name}__x" for entity_set in serving.demo_metadata().sets])
def test_every_object_has_its_pages(org: Org, name: str) -> None:
    source = named(org, name)
    listed = pages.list_view(org, source)
    assert len(listed.exchanges) == 1, "a list view is one callout"
    key = next(field.name for field in source.fields if field.is_key)
    opened = pages.detail(org, source, listed.steps[0].result.records[0][key])
    lists = sum(lookup.to == name for child in org.synced.objects for lookup in child.lookups)
    assert len(opened.exchanges) <= 1 + len(source.lookups) + lists, "one callout for each list and each parent"
    assert not opened.notes
    assert not listed.notes


def test_pages_of_a_list_follow_each_other(org: Org) -> None:
    customers = named(org, "Customers__x")
    first, second = (pages.list_view(org, customers, page=number) for number in (1, 2))
    assert shown(first)[25] == shown(second)[0], "the row beyond the page is the next page's first"
    assert not set(shown(first)[:25]) & set(shown(second)[:25])


def test_reports_and_batch_jobs_see_every_row(org: Org, demo_sqlite_url: str) -> None:
    keys = sorted(row["AssetNumber"] for row in serving.demo_rows(demo_sqlite_url)["Assets"])
    assets = named(org, "Assets__x")
    by_skip = Org(org.synced, Client(ROOT, org.client.session, Profile(paging="client")), org.calendar)
    for each in (org, by_skip):
        assert sorted(shown(pages.report(each, assets))) == keys
        assert shown(pages.batch_job(each, assets)) == keys
        assert pages.count(each, assets).steps[0].result.total == len(keys)


def test_search_looks_everywhere(org: Org) -> None:
    visit = pages.global_search(org, "O'Neil}")
    assert len(visit.exchanges) == len(org.synced.objects)
    assert "O'Neil" in visit.steps[0].result.records[0].values()


def test_a_record_that_is_not_there(org: Org) -> None:
    with pytest.raises(SalesforceError, match="Data Not Available"):
        pages.detail(org, named(org, "Customers__x"), "C-'\\")


def test_users_click_without_failures(org: Org) -> None:
    tally, choice, clicks = Tally(), random.Random(7), iter(range(40))
    User(org, tally, choice, ("Kiel",)).run(lambda: next(clicks, None) is None, 0)
    figures = tally.figures()
    assert sum(line.visits for line in figures) == 40
    assert not any(line.failures for line in figures), tally.failures
    assert all(0 < line.p50 <= line.p95 <= line.p99 for line in figures)


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["list-view", "Warehouses"], 0, "Warehouses, page 1: 5 rows"),
        (["detail", "Customers__x", "--id", "C-100042"], 0, "Invoices__r: 6 rows"),
        (["detail", "Customers", "--id", "nobody"], 1, "Data Not Available"),
        (["count", "Invoices", "--where", "Status__c = 'Open'"], 0, "rows"),
        (["global-search", "Kiel", "--search", "contains"], 0, "$filter=contains(CustomerNumber,'Kiel') eq true"),
        (["list-view", "Invoices", "--no-counts", "--encoding", "olingo"], 0, "$count=false"),
        (["count", "Nothing"], 2, "there is no object Nothing"),
        (["global-search"], 2, "needs a phrase"),
        (["list-view", "Invoices", "--where", "Status__c ="], 1, "MALFORMED_QUERY"),
        (["everything", "--users", "2", "--minutes", "0.01"], 0, "list view"),
    ],
)
def test_the_command(demo_sqlite_url: str, arguments: list[str], code: int, text: str) -> None:
    ran = CliRunner().invoke(main, ["salesforce", "play", *arguments, "--database-url", demo_sqlite_url])
    assert ran.exit_code == code, ran.output
    assert text in ran.output


@pytest.mark.parametrize(("seconds", "told"), [(1.0, True), (100.0, False)])
def test_more_callouts_than_an_org_has_are_told(seconds: float, told: bool, capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    tally.seconds["list view"] += [0.1] * 10
    tally.callouts["list view"] = 10
    show_figures(tally, seconds)
    said = capsys.readouterr()
    assert "list view" in said.out
    assert ("that is 36,000 callouts an hour; the OData 4.0 adapter has 20,000" in said.err) is told
