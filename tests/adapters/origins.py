"""Sets whose rows come from more than one table, or not from all rows of it: companies with tables of their own, open
and archived documents, conditions, validity, totals. ``expected`` says without SQL which rows there are and what their
totals are.

The companies' names, and those of some columns, hold everything that a name may.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import create_engine

from edm.model import ServiceMetadata
from erp_adapters.sql_current import today
from erp_adapters.sql_drivers import driver_url
from tests.adapters import schema
from tests.adapters.schema import prop

Row = dict[str, Any]

COMPANIES = ("CRO", 'F%":x')
#: A dot, a colon, a parenthesis, a per cent sign, quotation marks and a reserved word.
ODD, QUOTED = "No. (%)", '"select":'


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# --- the catalog ------------------------------------------------------------------------------------------------------

_GROUP, _MEMBERS = schema.both_ways("Group", "GroupCode", "Customers", "Groups", "GroupCode", "Members")
_CUSTOMER, _DOCUMENTS = schema.both_ways(
    "Customer", "CustomerKey", "Documents", "Customers", "CustomerKey", "Documents"
)
_PRICE_GROUP, _PRICES = schema.both_ways("Group", "GroupCode", "Prices", "Groups", "GroupCode", "Prices")

GROUPS = schema.entity_set(
    "Groups", "Group", "GroupCode",
    [
        prop("GroupCode", "String", key=True, max_length=8),
        prop("GroupName", "String", searchable=True),
        prop("Rank", "Int16"),
        prop("German", "String"),
        prop("English", "String"),
        prop("Colour", "String"),
    ],
    {
        "table": "GRP",
        "where": {"DEL": {"not": ["X", "Y"]}, "RNK": {"from": 0}, "ACT": True, "LAND": ["DE", "AT"], "STOP": {"null": True}},
        "joins": {
            "d": {"table": "TXT", "on": {"CODE": "CODE"}, "where": {"LANG": "D"}},
            "e": {"table": "TXT", "on": {"CODE": "CODE"}, "where": {"LANG": "E"}},
            "colour": {"table": "ATT", "on": {"CODE": "CODE"}, "where": {"ATTR": "COLOUR", "VALUE": {"not": ""}}},
        },
        "columns": {
            "GroupCode": "CODE", "GroupName": "NAME", "Rank": "RNK", "German": "d.TEXT", "English": "e.TEXT",
            "Colour": "colour.VALUE",
        },
    },
    [_MEMBERS, _PRICES], 1,
)  # fmt: skip

CUSTOMERS = schema.entity_set(
    "Customers", "Customer", "CustomerKey",
    [
        prop("CustomerKey", "String", key=True, max_length=10),
        prop("Company", "String", nullable=False),
        prop("CustomerName", "String", searchable=True),
        prop("GroupCode", "String", max_length=8),
        prop("Clerk", "String"),
        prop("ClerkRank", "Int32"),
        prop("Open", "Int64", nullable=False),
        prop("Balance", "Decimal", precision=15, scale=2, nullable=False),
        prop("Cents", "Decimal", precision=15, scale=2, nullable=False),
        prop("Entries", "Int64", nullable=False),
        prop("FirstDue", "Date"),
        prop("LastText", "String"),
        prop("Notes", "Int32", nullable=False),
    ],
    {
        "each": {"company": list(COMPANIES)},
        "table": "{company}$Cust",
        "where": {"Blocked": {"not": 2}},
        "joins": {
            "r": {
                "table": "{company}$Rep", "on": {quoted(QUOTED): "Code"},
                "where": {"Active": True}, "current": {"from": "From", "to": "To"},
            },
        },
        "totals": {
            "open": {"table": "{company}$Det", "on": {quoted(ODD): "Cust"}, "sum": "Pieces", "where": {"Kind": ["A", "B"]}},
            "balance": {"table": "{company}$Det", "on": {quoted(ODD): "Cust"}, "sum": "Amount"},
            "cents": {"table": "{company}$Det", "on": {quoted(ODD): "Cust"}, "sum": "Pieces", "where": {"Kind": {"null": False}}},
            "entries": {"table": ["{company}$Det", "{company}$Old"], "on": {quoted(ODD): "Cust"}, "count": True},
            "first": {"table": "{company}$Det", "on": {quoted(ODD): "Cust"}, "min": "Due"},
            "text": {"table": "{company}$Det", "on": {quoted(ODD): "Cust"}, "max": "Text"},
            "notes": {"table": "NOTE", "on": {quoted(ODD): "Cust", "@company": "Company"}, "count": True},
        },
        "columns": {
            "CustomerKey": {"columns": [quoted(ODD), "@company"], "widths": [4], "separator": "~"},
            "Company": "@company", "CustomerName": "Name", "GroupCode": "Group", "Clerk": "r.Name", "ClerkRank": "r.Rank",
            "Open": "open", "Balance": "balance", "Cents": {"column": "cents", "decimals": 2}, "Entries": "entries",
            "FirstDue": "first", "LastText": "text", "Notes": "notes",
        },
    },
    [_GROUP, _DOCUMENTS], 2,
)  # fmt: skip

DOCUMENTS = schema.entity_set(
    "Documents", "Document", "DocumentKey",
    [
        prop("DocumentKey", "String", key=True, max_length=12),
        prop("State", "String", nullable=False),
        prop("CustomerKey", "String", max_length=10),
        prop("CustomerName", "String", searchable=True),
        prop("Day", "Date"),
        prop("Amount", "Decimal", precision=15, scale=2),
        prop("Text", "String", searchable=True),
        prop("Level", "Int32"),
        prop("Reason", "String"),
        prop("Pieces", "Int64", nullable=False),
    ],
    {
        "each": {"company": list(COMPANIES)},
        "table": [
            {"table": "{company}$Open", "as": "Open", "where": {"Kind": {"not": ["Z"]}}},
            {
                "table": "{company}$Done", "as": "Done", "where": {"Cleared": {"from": 20240101}},
                "columns": {"Text": "Remark", "Level": {"value": 7}, "Reason": {"null": True}, "Kind": {"value": "A"}},
            },
            {
                "table": "{company}$Memo", "as": "Memo",
                "columns": {"Cleared": {"null": True}, "Kind": {"value": "B"}, "Reason": "Text"},
            },
        ],
        "where": {"Level": {"from": 0, "to": 90}},
        "joins": {"c": {"table": "{company}$Cust", "on": {"Cust": quoted(ODD)}}},
        "totals": {"pieces": {"table": "{company}$Det", "on": {"Doc": "Doc"}, "sum": "Pieces"}},
        "columns": {
            "DocumentKey": {"columns": ["Doc", "@company"], "widths": [5], "separator": "~"}, "State": "@table",
            "CustomerKey": {"columns": ["Cust", "@company"], "widths": [4], "separator": "~"},
            "CustomerName": "c.Name", "Day": {"column": "Day", "date": "yyyymmdd"}, "Amount": "Amount", "Text": "Text",
            "Level": "Level", "Reason": "Reason", "Pieces": "pieces",
        },
    },
    [_CUSTOMER], 3,
)  # fmt: skip

PRICES = schema.entity_set(
    "Prices", "Price", "PriceKey",
    [
        prop("PriceKey", "String", key=True, max_length=8),
        prop("GroupCode", "String", max_length=8),
        prop("Price", "Decimal", precision=15, scale=2),
        prop("Until", "Date"),
    ],
    {
        "table": [{"table": "PRC", "columns": {"LAST": "DATBI"}, "where": {"PRICE": {"not": -5}}}],
        "current": {"from": "DATAB", "to": "LAST", "date": "yyyymmdd", "none": [date(1753, 1, 1)], "timezone": "Asia/Tokyo"},
        "columns": {
            "PriceKey": "KEY", "GroupCode": "CODE", "Price": {"column": "PRICE", "decimals": 2},
            "Until": {"column": "LAST", "date": "yyyymmdd"},
        },
    },
    [_PRICE_GROUP], 4,
)  # fmt: skip

METADATA = ServiceMetadata("ErpOData", "1.0.0", (GROUPS, CUSTOMERS, DOCUMENTS, PRICES))

# --- the tables -------------------------------------------------------------------------------------------------------

C = ' COLLATE "C"'
_CUST = {
    ODD: f"VARCHAR(4){C} NOT NULL",
    "Name": "VARCHAR(40)",
    "Group": f"VARCHAR(8){C}",
    QUOTED: "VARCHAR(4)",
    "Blocked": "INTEGER",
}
_DET = {
    "Cust": f"VARCHAR(4){C}", "Doc": "VARCHAR(5)", "Pieces": "INTEGER", "Amount": "NUMERIC(15,2)", "Due": "DATE",
    "Text": "VARCHAR(40)", "Kind": "CHAR(2)",
}  # fmt: skip
_DOC = {"Doc": f"VARCHAR(5){C} NOT NULL", "Cust": f"VARCHAR(4){C}", "Day": "INTEGER", "Amount": "NUMERIC(15,2)"}
TABLES: Mapping[str, Mapping[str, str]] = {
    "GRP": {
        "CODE": f"VARCHAR(8){C}", "NAME": "VARCHAR(40)", "RNK": "SMALLINT", "DEL": "CHAR(2)", "ACT": "BOOLEAN",
        "LAND": "VARCHAR(2)", "STOP": "DATE",
    },
    "TXT": {"CODE": f"VARCHAR(8){C}", "LANG": "CHAR(1)", "TEXT": "VARCHAR(40)"},
    "ATT": {"CODE": "VARCHAR(8)", "ATTR": "VARCHAR(10)", "VALUE": "VARCHAR(40)"},
    "NOTE": {"Cust": f"VARCHAR(4){C}", "Company": "VARCHAR(8)"},
    "PRC": {"KEY": f"VARCHAR(8){C}", "CODE": f"VARCHAR(8){C}", "PRICE": "BIGINT", "DATAB": "INTEGER", "DATBI": "INTEGER NOT NULL"},
    **{f"{company}${name}": columns for company in COMPANIES for name, columns in {
        "Cust": _CUST,
        "Rep": {"Code": "VARCHAR(4)", "Name": "VARCHAR(40)", "Rank": "INTEGER", "Active": "BOOLEAN", "From": "DATE", "To": "DATE"},
        "Det": _DET, "Old": {"Cust": f"VARCHAR(4){C}"},
        "Open": {**_DOC, "Text": f"VARCHAR(40){C}", "Level": "INTEGER", "Reason": "VARCHAR(40)", "Kind": "VARCHAR(2)", "Cleared": "INTEGER"},
        "Done": {**_DOC, "Remark": "VARCHAR(40)", "Cleared": "INTEGER"},
        "Memo": {**_DOC, "Text": "VARCHAR(40)", "Level": "INTEGER NOT NULL"},
    }.items()},
}  # fmt: skip

_AMOUNTS = (None, *map(Decimal, ("0.1", "0.2", "0.7", "-19.99", "1234567.89", "0", "-0.1")))
_TODAY = today("UTC")


def _near() -> list[date | None]:
    """Days around today, far enough from midnight."""
    return [None, *(_TODAY + timedelta(days) for days in (-900, -30, -3, 3, 30)), date(9999, 12, 31), date(1, 1, 1)]


def _digits() -> list[int | None]:
    found = [day if day is None else day.year * 10_000 + day.month * 100 + day.day for day in _near()]
    return [*found, 0, 17530101]


def tables() -> dict[str, list[Row]]:
    """All rows of all tables."""
    dice = random.Random(4)
    one: Callable[[Sequence[Any]], Any] = dice.choice
    groups = [f"G{n}" for n in range(30)]
    found: dict[str, list[Row]] = {
        "GRP": [
            {
                "CODE": code if n != 5 else None, "NAME": schema.TEXTS[n + 3], "RNK": one((0, 1, 7, 300)) if n % 7 else -1,
                "DEL": ("", None, "X", "Z", "", None)[n % 6], "ACT": (True, True, True, True, False, True, None)[n % 7],
                "LAND": ("DE", "AT", "DE", "CH", "AT")[n % 5], "STOP": date(2024, 1, 1) if n == 8 else None,
            }
            for n, code in enumerate(groups)
        ],
        "TXT": [
            {"CODE": code, "LANG": lang, "TEXT": f"{lang} {schema.TEXTS[n + 6]}"}
            for n, code in enumerate(groups) for lang in "DEF" if (n + ord(lang)) % 3
        ],
        "ATT": [
            {"CODE": code, "ATTR": name, "VALUE": one((None, "", "red", "blau"))}
            for code in groups for name in ("COLOUR", "SIZE")
        ],
        "NOTE": [{"Cust": f"C{one(range(90)):03}", "Company": one((*COMPANIES, None, "?"))} for _ in range(120)],
        "PRC": [
            {
                "KEY": f"P{n:03}", "CODE": one((*groups, None)), "PRICE": one((0, 199, -5, None)), "DATAB": one(_digits()),
                "DATBI": one([day for day in _digits() if day is not None]),
            }
            for n in range(70)
        ],
    }  # fmt: skip
    for company in COMPANIES:
        found |= {f"{company}${name}": rows for name, rows in _company(dice, groups).items()}
    return found


def _company(dice: random.Random, groups: Sequence[str]) -> dict[str, list[Row]]:
    one: Callable[[Sequence[Any]], Any] = dice.choice
    customers = [f"C{n:03}" for n in range(30)]
    documents = [f"D{n:04}" for n in range(150)]

    def document(n: int) -> Row:
        return {
            "Doc": documents[n], "Cust": one((*customers, None, "C999")), "Day": one((0, 20260101, 20240229, None)),
            "Amount": one(_AMOUNTS),
        }  # fmt: skip

    reps = [f"R{n}" for n in range(12)]
    return {
        "Cust": [
            {
                ODD: number, "Name": one(schema.TEXTS), "Group": one((*groups, None, "??")),
                QUOTED: one((*reps, None, "R99")), "Blocked": one((0, 1, 2, None)),
            }
            for number in customers
        ],
        "Rep": [
            {
                "Code": code, "Name": f"Rep {code}", "Rank": one((1, 2, None)), "Active": one((True, True, False, None)),
                "From": one(_near()), "To": one(_near()),
            }
            for code in reps
        ],
        "Det": [
            {
                "Cust": one(customers[:25]), "Doc": one((*documents, None)), "Pieces": one((1, 5, -3, None, 2**31 - 1)),
                "Amount": one(_AMOUNTS), "Due": one((None, date(2026, 1, 1), date(2024, 2, 29))),
                "Text": one(schema.TEXTS), "Kind": one(("A", "B", "C", None)),
            }
            for _ in range(200)
        ],
        "Old": [{"Cust": one(customers)} for _ in range(20)],
        "Open": [
            {
                **document(n), "Text": one(schema.TEXTS), "Level": one((0, 7, 90, -1, 91, None)),
                "Reason": one(schema.TEXTS), "Kind": one(("A", "Z", None)), "Cleared": None,
            }
            for n in range(60)
        ],
        "Done": [
            {**document(n), "Remark": one(schema.TEXTS), "Cleared": one((20240101, 20231231, 20260505, None))}
            for n in range(60, 120)
        ],
        "Memo": [{**document(n), "Text": one(schema.TEXTS), "Level": one((1, 90, 91))} for n in range(120, 150)],
    }  # fmt: skip


def create(url: str, rows: Mapping[str, Sequence[Row]] | None = None) -> None:
    """Makes the tables and fills them."""
    make(url, TABLES, tables() if rows is None else rows)


def make(url: str, kinds: Mapping[str, Mapping[str, str]], rows: Mapping[str, Sequence[Row]], *more: str) -> None:
    """Makes tables with columns of these types, whatever their names, fills them, and executes ``more``."""
    engine = create_engine(driver_url(url))
    dialect = engine.dialect.name
    mark = "?" if dialect == "sqlite" else "%s"
    try:
        with engine.begin() as connection:
            schema.quoted_as_usual(connection)
            cursor = connection.connection.cursor()
            for table, columns in kinds.items():
                typed = ", ".join(f"{quoted(name)} {_type(dialect, kind)}" for name, kind in columns.items())
                cursor.execute(f"CREATE TABLE {quoted(table)} ({typed})")
                names, marks = (
                    ", ".join(map(quoted, columns)).replace("%", "%%" if mark == "%s" else "%"),
                    ", ".join(mark for _ in columns),
                )
                insert = f"INSERT INTO {quoted(table).replace('%', '%%' if mark == '%s' else '%')} ({names}) VALUES ({marks})"
                given = [tuple(_stored(dialect, row.get(name)) for name in columns) for row in rows.get(table, ())]
                if given:
                    cursor.executemany(insert, given)
            for statement in more:
                cursor.execute(statement)
    finally:
        engine.dispose()


def _type(dialect: str, kind: str) -> str:
    bare = kind if dialect == "postgresql" else kind.replace(C, "")
    return bare.replace("TIMESTAMP", "DATETIME(6)") if dialect == "mysql" else bare


def _stored(dialect: str, value: Any) -> Any:
    change = {"sqlite": schema.for_sqlite, "mysql": schema.for_mysql}.get(dialect)
    return value if change is None else change(value)


# --- what there is ----------------------------------------------------------------------------------------------------


def expected(rows: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """The published rows of all sets, worked out in Python; floats and blanks as the tables hold them."""
    return {
        "Groups": _groups(rows),
        "Customers": _customers(rows),
        "Documents": _documents(rows),
        "Prices": _prices(rows),
    }


def _first(rows: Iterable[Row], name: str) -> Any:
    return next((row[name] for row in rows), None)


def _groups(rows: Mapping[str, Sequence[Row]]) -> list[Row]:
    def text(code: str, lang: str) -> Any:
        return _first((r for r in rows["TXT"] if (r["CODE"], r["LANG"]) == (code, lang)), "TEXT")

    return [
        {
            "GroupCode": row["CODE"], "GroupName": row["NAME"], "Rank": row["RNK"], "German": text(row["CODE"], "D"),
            "English": text(row["CODE"], "E"),
            "Colour": _first(
                (r for r in rows["ATT"] if (r["CODE"], r["ATTR"]) == (row["CODE"], "COLOUR") and r["VALUE"] != ""), "VALUE"
            ),
        }
        for row in rows["GRP"]
        if row["CODE"] is not None and row["DEL"] not in ("X", "Y") and row["RNK"] >= 0 and row["ACT"]
        and row["LAND"] in ("DE", "AT") and row["STOP"] is None
    ]  # fmt: skip


def _holds(first: Any, last: Any, day: Any) -> bool:
    return (first is None or first <= day) and (last is None or last >= day)


def _customers(rows: Mapping[str, Sequence[Row]]) -> list[Row]:
    found = []
    for company in COMPANIES:
        for row in rows[f"{company}$Cust"]:
            if row["Blocked"] == 2:
                continue
            det = [r for r in rows[f"{company}$Det"] if r["Cust"] == row[ODD]]
            reps = [
                r for r in rows[f"{company}$Rep"]
                if r["Code"] == row[QUOTED] and r["Active"] and _holds(r["From"], r["To"], _TODAY)
            ]  # fmt: skip
            due = [r["Due"] for r in det if r["Due"]]
            old = [r for r in rows[f"{company}$Old"] if r["Cust"] == row[ODD]]
            found.append(
                {
                    "CustomerKey": f"{row[ODD]}~{company}", "Company": company, "CustomerName": row["Name"],
                    "GroupCode": row["Group"], "Clerk": _first(reps, "Name"), "ClerkRank": _first(reps, "Rank"),
                    "Open": sum(r["Pieces"] or 0 for r in det if r["Kind"] in ("A", "B")),
                    "Balance": sum((r["Amount"] or Decimal(0) for r in det), Decimal(0)),
                    "Cents": Decimal(sum(r["Pieces"] or 0 for r in det if r["Kind"] is not None)).scaleb(-2),
                    "Entries": len(det) + len(old), "FirstDue": min(due, default=None),
                    "LastText": max((r["Text"] for r in det if r["Text"] is not None), default=None),
                    "Notes": sum((r["Cust"], r["Company"]) == (row[ODD], company) for r in rows["NOTE"]),
                }
            )  # fmt: skip
    return found


def _documents(rows: Mapping[str, Sequence[Row]]) -> list[Row]:
    found = []
    for company in COMPANIES:
        names = {row[ODD]: row["Name"] for row in rows[f"{company}$Cust"]}
        opened = [{**row, "State": "Open"} for row in rows[f"{company}$Open"] if row["Kind"] != "Z"]
        done = [
            {**row, "State": "Done", "Text": row["Remark"], "Level": 7, "Reason": None}
            for row in rows[f"{company}$Done"] if row["Cleared"] is not None and row["Cleared"] >= 20240101
        ]  # fmt: skip
        memos = [{**row, "State": "Memo", "Reason": row["Text"]} for row in rows[f"{company}$Memo"]]
        for row in (*opened, *done, *memos):
            if row["Level"] is None or not 0 <= row["Level"] <= 90:
                continue
            pieces = [r["Pieces"] or 0 for r in rows[f"{company}$Det"] if r["Doc"] == row["Doc"]]
            customer = row["Cust"]
            found.append(
                {
                    "DocumentKey": f"{row['Doc']}~{company}", "State": row["State"],
                    "CustomerKey": None if customer is None else f"{customer}~{company}",
                    "CustomerName": names.get(customer), "Day": _day(row["Day"]), "Amount": row["Amount"],
                    "Text": row["Text"], "Level": row["Level"], "Reason": row["Reason"], "Pieces": sum(pieces),
                }
            )  # fmt: skip
    return found


def _day(digits: int | None) -> date | None:
    return date(digits // 10_000, digits // 100 % 100, digits % 100) if digits else None


def _prices(rows: Mapping[str, Sequence[Row]]) -> list[Row]:
    def end(digits: int | None) -> date | None:
        return None if digits == 17530101 else _day(digits)

    return [
        {
            "PriceKey": row["KEY"], "GroupCode": row["CODE"],
            "Price": None if row["PRICE"] is None else Decimal(row["PRICE"]).scaleb(-2), "Until": _day(row["DATBI"]),
        }
        for row in rows["PRC"]
        if _holds(end(row["DATAB"]), end(row["DATBI"]), _TODAY) and row["PRICE"] != -5
    ]  # fmt: skip
