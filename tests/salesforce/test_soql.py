"""SOQL beside the golden cases: date literals as laws, search, ids, binds, what a service may do wrong."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import BaseAdapter

from salesforce.client import Client
from salesforce.errors import ExternalSystemError, SalesforceError
from salesforce.field_types import FieldType
from salesforce.profile import Profile
from salesforce.soql.days import RANGES, Calendar
from salesforce.soql.ids import Ids
from salesforce.soql.parser import parse_soql, parse_sosl
from salesforce.soql.phrase import spoken
from salesforce.soql.run import Org
from salesforce.sync import ExternalField, ExternalObject, Synced

ROOT = "http://service/"
DAYS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 12, 31))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"])
CALENDARS = st.builds(
    lambda now, zone, week, month: Calendar(now.replace(tzinfo=UTC), ZoneInfo(zone), week, month),
    DAYS,
    ZONES,
    st.integers(0, 6),
    st.integers(1, 12),
)


# --- date literals --------------------------------------------------------------------------------------------------


@given(CALENDARS, st.sampled_from(["WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR"]))
def test_periods_follow_each_other(calendar: Calendar, period: str) -> None:
    last, this, following = (RANGES[f"{which}_{period}"].days(calendar, 0) for which in ("LAST", "THIS", "NEXT"))
    assert last[0] < last[1] == this[0] <= calendar.today < this[1] == following[0] < following[1]


@given(CALENDARS, st.sampled_from(["WEEK", "MONTH", "QUARTER", "YEAR"]), st.integers(1, 20))
def test_several_periods(calendar: Calendar, period: str, number: int) -> None:
    this = RANGES[f"THIS_{period}"].days(calendar, 0)
    before = RANGES[f"LAST_N_{period}S"].days(calendar, number)
    after = RANGES[f"NEXT_N_{period}S"].days(calendar, number)
    ago = RANGES[f"N_{period}S_AGO"].days(calendar, number)
    assert before[1] == this[0]
    assert this[1] == after[0]
    assert ago[0] == before[0] < ago[1] <= before[1]


@given(CALENDARS)
def test_a_fiscal_year_begins_in_its_month(calendar: Calendar) -> None:
    first, _ = RANGES["THIS_FISCAL_YEAR"].days(calendar, 0)
    assert (first.month, first.day) == (calendar.fiscal_month, 1)


@given(CALENDARS)
def test_a_week_begins_on_its_day(calendar: Calendar) -> None:
    first, after = RANGES["THIS_WEEK"].days(calendar, 0)
    assert first.weekday() == calendar.week_start
    assert after - first == timedelta(days=7)


def test_days_begin_where_the_user_is() -> None:
    calendar = Calendar(datetime(2026, 11, 20, 23, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert calendar.instants("TODAY", None) == (
        datetime(2026, 11, 20, 23, tzinfo=UTC),
        datetime(2026, 11, 21, 23, tzinfo=UTC),
    )


# --- the grammar never breaks ---------------------------------------------------------------------------------------

STATEMENTS = (
    "SELECT COUNT() , p__r.c__c FROM A__x WHERE NOT ( b__c LIKE 'a' AND d__c IN ( 5 , null ) OR e__c != -1.5e3 )"
    " ORDER BY c NULLS FIRST LIMIT 5 OFFSET 2 GROUP BY FOR = < : TRUE TODAY LAST_N_DAYS:3 2026-11-20"
    " 2026-11-20T00:00:00Z FIND {x} RETURNING"
)
WORDS = st.sampled_from(STATEMENTS.split())


@given(st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=60))
def test_statements_parse_or_are_refused(statement: str) -> None:
    for parse in (parse_soql, parse_sosl):
        try:
            parse(statement)
        except SalesforceError as error:
            position = error.position or 0
        else:
            position = 0
        assert 0 <= position <= len(statement)


@pytest.mark.parametrize("statement", ["SELECT a FROM b WHERE " + "(" * 500, "SELECT a FROM b WHERE " + "NOT " * 500])
def test_deep_conditions_are_refused(statement: str) -> None:
    with pytest.raises(SalesforceError, match="nested"):
        parse_soql(statement)


# --- search ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("Acme", "Acme"),
        ("Sales & Marketing", "Sales Marketing"),
        ('A OR "B C"', "A OR B C"),
        ("  O'Neil-Smith (Ltd.) ", "O Neil-Smith Ltd"),
        ("x" * 120, "x" * 100),
    ],
)
def test_phrases(typed: str, sent: str) -> None:
    assert spoken(typed) == sent


# --- ids ------------------------------------------------------------------------------------------------------------


def test_ids_are_stable_and_unlike() -> None:
    ids = Ids()
    made = [ids.id_of(name, f"K{n}") for name in ("A__x", "B__x") for n in range(100)]
    assert len({one.lower() for one in made}) == 200, "18 characters do without letter case"
    assert all(len(one) == 18 for one in made)
    assert ids.id_of("A__x", "K7") == made[7]
    assert ids.external_id("A__x", made[7]) == ids.external_id("A__x", made[7][:15]) == "K7"
    assert ids.external_id("B__x", made[7]) is None


# --- a service that does wrong --------------------------------------------------------------------------------------


def field(name: str, kind: FieldType, *, is_key: bool = False) -> ExternalField:
    return ExternalField(f"{name}__c", name, "String", name, kind, is_key)


THINGS = ExternalObject(
    "Things__x",
    "Things",
    "Thing",
    "Things",
    ("Key",),
    (
        field("Key", FieldType("Text", 10), is_key=True),
        field("Name", FieldType("Text", 5)),
        field("Amount", FieldType("Number", precision=18, scale=2)),
        field("Done", FieldType("Checkbox")),
        field("Day", FieldType("DateTime")),
    ),
)


class Answers(BaseAdapter):
    """Gives prepared bodies, one after the other, and keeps the URLs."""

    def __init__(self, *bodies: Mapping[str, Any]) -> None:
        super().__init__()
        self.bodies, self.urls = list(bodies), []  # type: list[Mapping[str, Any]], list[str]

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        from io import BytesIO

        self.urls.append(str(request.url))
        response = requests.Response()
        response.status_code = 200
        response.raw = BytesIO(json.dumps(self.bodies.pop(0)).encode())
        response.url, response.request = str(request.url), request
        return response

    def close(self) -> None: ...


def org(*bodies: Mapping[str, Any], **switches: Any) -> tuple[Org, Answers]:
    session, answers = requests.Session(), Answers(*bodies)
    session.mount(ROOT, answers)
    calendar = Calendar(datetime(2026, 11, 20, 12, tzinfo=UTC), ZoneInfo("UTC"))
    return Org(Synced((THINGS,)), Client(ROOT, session, Profile(**switches)), calendar), answers


def rows(*found: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"value": list(found), "@odata.count": len(found), **more}


def test_values_become_what_fields_hold() -> None:
    made, _ = org(rows({"Key": "K", "Name": "abcdefg", "Amount": 1.005, "Done": None, "Day": "2026-11-20"}))
    result = made.query("SELECT Name__c, Amount__c, Done__c, Day__c, DisplayUrl FROM Things__x")
    assert result.records[0]["Name__c"] == "abcde"
    assert result.records[0]["Done__c"] is False
    assert result.records[0]["Day__c"] == "2026-11-20T00:00:00.000Z"
    assert any("cut to 5" in note for note in result.notes)
    assert any("rounded to 2" in note for note in result.notes)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"Key": "K", "Amount": 1234567890123456789}, "18 digits"),
        ({"Key": "K", "Amount": "many"}, "is no value of Number"),
        ({"Key": "K", "Day": "yesterday"}, "is no value of DateTime"),
        ({"Key": "K", "Done": "yes"}, "is no value of Checkbox"),
        ({"Key": None}, "no External ID"),
    ],
)
def test_values_that_no_field_holds(row: Mapping[str, Any], message: str) -> None:
    made, _ = org(rows(row))
    with pytest.raises(ExternalSystemError, match=message):
        made.query("SELECT Amount__c, Day__c, Done__c FROM Things__x")


def test_rows_that_differ_in_case_are_dropped() -> None:
    made, _ = org(rows({"Key": "K", "Name": "Acme"}, {"Key": "L", "Name": "ACME"}))
    result = made.query("SELECT Name__c FROM Things__x WHERE Name__c = 'Acme'")
    assert [record["Name__c"] for record in result.records] == ["Acme"]
    assert any("1 rows dropped" in note for note in result.notes)


def test_wrong_order_and_doubled_rows_are_reported() -> None:
    made, _ = org(rows({"Key": "K", "Amount": 5}, {"Key": "K", "Amount": 3}))
    result = made.query("SELECT Key__c, Amount__c FROM Things__x ORDER BY Amount__c")
    assert any("came twice" in note for note in result.notes)
    assert any("not in the order" in note for note in result.notes)


def test_pages_too_long_end_the_query() -> None:
    made, _ = org(rows(*({"Key": str(n)} for n in range(2_001))))
    with pytest.raises(ExternalSystemError, match="2,001 rows"):
        made.query("SELECT Key__c FROM Things__x")


def test_next_links_that_turn_in_circles() -> None:
    again = f"{ROOT}Things?$skiptoken=1"
    made, _ = org(*(rows({"Key": str(n)}, **{"@odata.nextLink": again}) for n in range(3)))
    with pytest.raises(ExternalSystemError, match="leads back"):
        made.query("SELECT Key__c FROM Things__x")


def test_a_count_that_is_missing() -> None:
    made, _ = org({"value": []})
    with pytest.raises(SalesforceError, match="could not be processed"):
        made.query("SELECT COUNT() FROM Things__x")


def test_ids_find_rows_again() -> None:
    made, answers = org(rows({"Key": "K'1", "Name": "x"}), rows({"Key": "K'1", "Name": "x"}))
    (record,) = made.query("SELECT Id FROM Things__x").records
    again = made.query(f"SELECT Name__c FROM Things__x WHERE Id IN ('{record['Id']}', 'x0000000000000ZAAA')")
    assert again.records[0]["Name__c"] == "x"
    assert "Key eq 'K''1'" in again.exchanges[0].readable
    assert len(answers.urls) == 2
    assert made.query("SELECT Name__c FROM Things__x WHERE Id = 'x0000000000000ZAAA'").exchanges == ()


@pytest.mark.parametrize(
    ("value", "operator", "filter_"),
    [("a", "=", "Name eq 'a'"), (["a", "b"], "IN", "Name eq 'a' or Name eq 'b'"), ([], "IN", None)],
)
def test_binds(value: str | Sequence[str], operator: str, filter_: str | None) -> None:
    made, answers = org(rows())
    made.query(f"SELECT Name__c FROM Things__x WHERE Name__c {operator} :names", {"names": value})
    if filter_ is None:
        assert not answers.urls, "an empty list matches nothing, so nobody is asked"
    else:
        assert made.client.exchanges[0].readable.endswith(f"$filter={filter_}")


def test_search_with_contains() -> None:
    made, _ = org(rows({"Key": "K", "Name": "Pump"}), free_text=False)
    found = made.search("FIND {Pump!} IN ALL FIELDS RETURNING Things__x(Name__c WHERE Amount__c > 5)")
    asked = found["Things__x"].exchanges[0].readable
    assert asked.endswith(
        "$filter=(contains(Key,'Pump') eq true or contains(Name,'Pump') eq true) and Amount gt 5&$top=25"
    )
