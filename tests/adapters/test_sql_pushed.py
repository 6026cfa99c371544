"""What the databases answer by themselves, and what of regular expressions PostgreSQL and RE2 understand alike."""

from datetime import UTC, datetime

import pytest

from edm.capabilities import Match
from erp_adapters.dialects_patterns import postgresql_pattern
from erp_adapters.sql import SqlAdapter
from erp_adapters.sql_values import Unsupported
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.parser import parse_expression
from tests.adapters import schema

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def match(small: SqlAdapter, condition: str) -> Match:
    expr = ExpressionBinder(schema.METADATA, schema.THINGS, NOW).bind(parse_expression(condition))
    return small.capabilities(schema.THINGS).match(expr)


#: What MariaDB does not say exactly, or nobody has said there yet: the engine does.
LEFT_BY_MARIADB = frozenset(
    {
        "matchespattern(Text,'^[A-M].*n$')", r"not matchespattern(Text,'\d+')", "cast(Amount,Edm.String) eq '10.5'",
        "cast(Day,Edm.String) gt '2026'", "cast(DueDate,Edm.String) gt '2026'", "contains(cast(ZonedAt,Edm.String),'T10')",
        "cast(time(CreatedAt),Edm.String) eq '10:00:00'", "cast(Text,Edm.Int32) gt 5", "cast(Text,Edm.Boolean)",
        "cast(Amount,Edm.Int16) eq 7", "isof(Text,Edm.Int64)", "cast(Reference,Edm.String) gt '1'",
        "DueDate sub Day gt duration'P30D'", "Day add duration'P1D' lt ShipDate",
        "CreatedAt sub duration'PT1H' gt ZonedAt", "totalseconds(CreatedAt sub ZonedAt) gt 60",
        "-(Day sub DueDate) mul 1.5 div 2 lt duration'P1D'",
    }
)  # fmt: skip


@pytest.mark.parametrize(
    "condition",
    [
        "matchespattern(Text,'^[A-M].*n$')", r"not matchespattern(Text,'\d+')",
        "case(Small gt 5:'many',Native:Text,true:null) eq 'many'", "case(Small gt 5:Amount,true:Price) gt 2",
        "case(Native:Day,true:DueDate) lt 2026-01-01", "case(Native:CreatedAt,true:ZonedAt) lt now()",
        "cast(Amount,Edm.String) eq '10.5'", "cast(Day,Edm.String) gt '2026'", "cast(DueDate,Edm.String) gt '2026'",
        "contains(cast(ZonedAt,Edm.String),'T10')", "cast(time(CreatedAt),Edm.String) eq '10:00:00'",
        "cast(Text,Edm.Int32) gt 5", "cast(Text,Edm.Boolean)", "cast(Amount,Edm.Int16) eq 7", "isof(Text,Edm.Int64)",
        "cast(Reference,Edm.String) gt '1'", "cast(Native,Edm.String) eq 'true'", "CreatedAt lt cast(Day,Edm.DateTimeOffset)",
        "DueDate sub Day gt duration'P30D'", "Day add duration'P1D' lt ShipDate", "CreatedAt sub duration'PT1H' gt ZonedAt",
        "totalseconds(CreatedAt sub ZonedAt) gt 60", "-(Day sub DueDate) mul 1.5 div 2 lt duration'P1D'",
        "Text in [Worded,Padded,'x']", "[Small,Medium] in [[1,2],[3,4]]",
        "Followers/$filter(Small gt 1)/$count gt 2", "Followers/$count($filter=Small gt $it/Small) eq 0",
        "Followers/any(f:f/Small gt Small and f/Followers/all(g:g/Day gt f/Day or g/Small eq Small))",
    ],
)  # fmt: skip
def test_said_in_sql(small: SqlAdapter, condition: str) -> None:
    left = small.url.get_backend_name() == "mysql" and condition in LEFT_BY_MARIADB
    assert match(small, condition) is (Match.NO if left else Match.EXACT)


@pytest.mark.parametrize("condition", ["contains([Text,Worded],['x'])", "hassubset([Text],['x'])", "Ratio mul 2 gt 3"])
def test_left_to_the_engine(small: SqlAdapter, condition: str) -> None:
    assert match(small, condition) is Match.NO


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", ""), ("^A.*e$", r"^A[^\n]*e$"), (r"\d{2,3}", "[0-9]{2,3}"), (r"[^\w.]", "[^0-9A-Za-z_.]"), ("a+?b", "a+b"),
        ("(a|b)c", "(?:a|b)c"), (r"\S", r"[^\t\n\f\r ]"), (r"1\.5", r"1\.5"), ("日本", "日本"), ("(?:ab)*", "(?:ab)*"),
    ],
)  # fmt: skip
def test_patterns_that_mean_the_same(pattern: str, expected: str) -> None:
    assert postgresql_pattern(pattern) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(?i)a",
        r"\bA",
        r"\pL",
        "^*",
        "a{60}",
        "(a{9}){9}",
        "(ab){2}",
        "[[:alpha:]]",
        "a{",
        r"\x41",
        "(?P<n>a)",
        "(*a)",
        "|*",
    ],
)
def test_patterns_that_may_not(pattern: str) -> None:
    with pytest.raises(Unsupported):
        postgresql_pattern(pattern)
