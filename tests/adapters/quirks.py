"""Tables as old ERPs have them: every codec of the ``[sql]`` section that is more than a column, over columns of every
type that it may have, with what means none and with edge values.

One table of specimens makes the catalog, the tables and their rows. ``schema`` has the plainer things.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import create_engine, text

from edm.model import EntitySet, NavigationProperty, ServiceMetadata
from erp_adapters.sql_dates import PATTERNS
from erp_adapters.sql_drivers import driver_url
from tests.adapters import schema

#: Types of columns that are written otherwise on SQLite.
_SQLITE = {"UUID": "CHAR(32)", "TIMESTAMPTZ": "TIMESTAMP", "BYTEA": "BLOB"}
C = ' COLLATE "C"'


@dataclass(frozen=True, slots=True)
class Stored:
    """A column: its type on PostgreSQL and values that occur in it."""

    type: str
    values: Sequence[Any]

    def ddl(self, dialect: str) -> str:
        if dialect == "postgresql":
            return self.type
        bare = self.type.replace(C, "")
        kind, _, rest = bare.partition(" ")
        return f"{_SQLITE.get(kind, kind)} {rest}"


@dataclass(frozen=True, slots=True)
class Specimen:
    """A property with its line of the mapping, and the columns that it brings."""

    name: str
    kind: str
    line: Mapping[str, Any]
    columns: Mapping[str, Stored] = field(default_factory=dict)
    facets: Mapping[str, Any] = field(default_factory=dict)
    #: What the database answers whole (``eq``, ``lt``, ``sort``), or in part (``eq?``); it always knows what is null.
    pushed: str = "eq lt sort"


# --- dates ------------------------------------------------------------------------------------------------------------

_DAYS = (
    date(2026, 11, 23), date(2024, 2, 29), date(1999, 12, 31), date(2000, 1, 1), date(1940, 1, 1), date(2039, 12, 31),
    date(2026, 1, 1), date(2025, 12, 31), date(1900, 1, 1), date(2899, 12, 31), date(1, 1, 1), date(9999, 12, 31),
)  # fmt: skip


def _written(name: str, *, number: bool) -> list[Any]:
    found: list[Any] = []
    for n, day in enumerate(_DAYS):
        texts = PATTERNS[name].spellings(day)
        found.extend(
            [int(texts[0])] if number and texts else texts[n % len(texts) : n % len(texts) + 1] if texts else []
        )
    return found


def _dates() -> Iterator[Specimen]:
    for number, (name, pattern) in enumerate(PATTERNS.items()):
        word = "".join(part.capitalize() for part in name.replace("/", "-").replace(".", "-").split("-"))
        size = pattern.width or 10
        texts = _written(name, number=False)
        zeros = "0000-00-00" if name == "yyyy-mm-dd" else "0" * size
        line = {"date": name}
        by_number = "eq lt sort" if pattern.ordered else "eq sort" if name in ("ddmmyyyy", "mmddyyyy") else "eq"
        by_text = "eq lt sort" if pattern.ordered else "eq"
        column = f"D{number}"
        if pattern.width:
            numbers = _written(name, number=True)
            integer = Stored("INTEGER", (None, 0, *numbers))
            yield Specimen(
                f"{word}Integer", "Date", {"column": f"{column}I", **line}, {f"{column}I": integer}, {}, by_number
            )
            certain = Stored("NUMERIC(8,0) NOT NULL", (0, *numbers))
            yield Specimen(
                f"{word}Number", "Date", {"column": f"{column}N", **line}, {f"{column}N": certain}, {}, by_number
            )
        padded = Stored(f"CHAR({size}){C if number % 2 else ''}", (None, "", zeros, *texts))
        yield Specimen(f"{word}Char", "Date", {"column": f"{column}C", **line}, {f"{column}C": padded}, {}, by_text)
        text_ = Stored(f"VARCHAR({size}){'' if number % 2 else C}", (None, "", "  ", zeros, *texts))
        yield Specimen(f"{word}Text", "Date", {"column": f"{column}T", **line}, {f"{column}T": text_}, {}, by_text)
    present = Stored("INTEGER NOT NULL", _written("cyyddd", number=True))
    yield Specimen("Always", "Date", {"column": "DNN", "date": "cyyddd"}, {"DNN": present}, {"nullable": False})
    written = Stored(f"CHAR(8){C} NOT NULL", _written("yyyymmdd", number=False))
    yield Specimen("Written", "Date", {"column": "DNC", "date": "yyyymmdd"}, {"DNC": written}, {"nullable": False})


_CLOCKS = (None, 0, 1, 235959, 120000, 13000, 23000, 240000)
_LOCAL_DAYS = (None, 0, 126327, 126298, 126088, 100001, 99365)  # the changes of the clock in 2026 in Berlin and Denver
_SPLIT = (
    Specimen(
        "AuditAt", "DateTimeOffset",
        {"column": "UPMJ", "date": "cyyddd", "time": "hhmmss", "time_column": "UPMT", "timezone": "America/Denver"},
        {"UPMJ": Stored("NUMERIC(6,0)", _LOCAL_DAYS), "UPMT": Stored("INTEGER", _CLOCKS)}, {}, "eq? lt?",
    ),
    Specimen(
        "EnteredAt", "DateTimeOffset",
        {"column": "ERDAT", "date": "yyyymmdd", "time": "hhmmss", "time_column": "ERZET", "timezone": "Europe/Berlin"},
        {
            "ERDAT": Stored(f"CHAR(8){C} NOT NULL", ("00000000", "", "20261025", "20260329", "20261123")),
            "ERZET": Stored("CHAR(6)", (None, "", "000000", "013000", "023000", "235959")),
        }, {}, "eq? lt?",
    ),
    Specimen(
        "UtcAt", "DateTimeOffset",
        {"column": "UD", "date": "yyyy-mm-dd", "time": "hh:mm:ss", "time_column": "UT", "timezone": "UTC"},
        {
            "UD": Stored("VARCHAR(10)", ("", "2026-11-23", "0001-01-01", "9999-12-31")),
            "UT": Stored("VARCHAR(8)", (None, "", "00:00:00", "23:59:59")),
        }, {}, "eq? lt?",
    ),
    Specimen(
        "ShortAt", "DateTimeOffset",
        {"column": "SD", "date": "yyyymmdd", "time": "hhmm", "time_column": "ST", "timezone": "UTC"},
        {"SD": Stored("INTEGER", (None, 20261123, 20240229)), "ST": Stored("SMALLINT", (0, 930, 2359))}, {}, "eq? lt?",
    ),
)  # fmt: skip

_EPOCHS = (
    None, date(1753, 1, 1), date(1900, 1, 1), date(9999, 12, 31), date(2026, 11, 23), date(2024, 2, 29),
    date(1753, 1, 2), date(1600, 1, 1),
)  # fmt: skip
_STAMPS = (*(day and datetime.combine(day, time()) for day in _EPOCHS), datetime(2026, 10, 25, 2, 30))
_DAYTIMES = (
    None, datetime(2026, 11, 23), datetime(2026, 11, 23, 23, 59, 59), datetime(2026, 11, 24), datetime(1753, 1, 1),
    datetime(9999, 12, 31, 12), datetime(1, 1, 1), datetime(2024, 2, 29, 0, 0, 0, 1),
)  # fmt: skip
_STAMPED = (
    Specimen("DayOf", "Date", {"column": "DOT"}, {"DOT": Stored("TIMESTAMP", _DAYTIMES)}),
    Specimen(
        "DayAlways", "Date", {"column": "DOA"}, {"DOA": Stored("TIMESTAMP NOT NULL", _DAYTIMES[1:])}, {"nullable": False}
    ),
    Specimen(
        "DayOrNone", "Date", {"column": "DON", "none": [date(1753, 1, 1)]},
        {"DON": Stored("TIMESTAMP NOT NULL", _DAYTIMES[1:])},
    ),
    Specimen(
        "Rounded", "Decimal", {"column": "RND", "round": True},
        {"RND": Stored("DOUBLE PRECISION", (None, 0.0, 1.005, -2.345, 1 / 3, 100.0, 12345.678))},
        {"precision": 12, "scale": 2}, "",
    ),
)  # fmt: skip
_NONE = (
    Specimen(
        "Until", "Date", {"column": "BIS", "none": [date(1753, 1, 1), "1900-01-01", date(9999, 12, 31)]},
        {"BIS": Stored("DATE", _EPOCHS)},
    ),
    Specimen(
        "UntilDigits", "Date", {"column": "BISD", "date": "yyyymmdd", "none": ["9999-12-31"]},
        {"BISD": Stored("INTEGER NOT NULL", (0, 99991231, 20261123, 20240229, 10101))},
    ),
    Specimen(
        "UntilText", "Date", {"column": "BISC", "date": "yyyymmdd", "none": ["9999-12-31"]},
        {"BISC": Stored(f"CHAR(8){C}", (None, "", "99991231", "20261123", "20240229"))},
    ),
    Specimen(
        "PostedAt", "DateTimeOffset", {"column": "PST", "timezone": "UTC", "none": [date(1753, 1, 1)]},
        {"PST": Stored("TIMESTAMP", _STAMPS)}, {"precision": 6},
    ),
    Specimen(
        "PostedLocalAt", "DateTimeOffset",
        {"column": "PSL", "timezone": "Europe/Berlin", "none": [datetime(1753, 1, 1), "9999-12-31T00:00:00"]},
        {"PSL": Stored("TIMESTAMP NOT NULL", _STAMPS[1:])}, {"precision": 6}, "eq? lt?",
    ),
    Specimen(
        "ClearedAt", "DateTimeOffset",
        {
            "column": "CLD", "date": "yyyymmdd", "time": "hhmmss", "time_column": "CLT", "timezone": "Europe/Berlin",
            "none": ["9999-12-31"],
        },
        {"CLD": Stored("INTEGER", (None, 0, 99991231, 20261123)), "CLT": Stored("INTEGER", (0, 120000))}, {}, "eq? lt?",
    ),
    Specimen(
        "Remark", "String", {"column": "RMK", "none": ["", "*"]},
        {"RMK": Stored(f"VARCHAR(20){C}", (None, "", "*", " ", "a", "**", "Ä"))},
    ),
    Specimen(
        "Blank", "String", {"column": "BLK", "none": [""]}, {"BLK": Stored(f"VARCHAR(20){C} NOT NULL", ("", " ", "a", "b"))}
    ),
    Specimen(
        "BlankChar", "String", {"column": "BLC", "trim": True, "none": ["", "?"]},
        {"BLC": Stored("CHAR(4)", (None, "", "?", "? ?", "a", "b"))},
    ),
    Specimen(
        "Term", "String", {"column": "TRM", "codes": {"1": "Net", "2": "Net", "9": "None"}, "none": ["None", "0"]},
        {"TRM": Stored("SMALLINT", (None, 0, 1, 2, 9, 10))},
    ),
    Specimen("Days", "Int32", {"column": "DYS", "none": [0, -1]}, {"DYS": Stored("INTEGER", (None, 0, -1, 1, 30, -2))}),
    Specimen(
        "Limit", "Decimal", {"column": "LIM", "decimals": 2, "none": ["999999.99", 0]},
        {"LIM": Stored("BIGINT", (None, 0, 99999999, 1, -1, 99999998))}, {"precision": 15, "scale": 2},
    ),
    Specimen(
        "Rate", "Decimal", {"column": "RTE", "none": [-1, 0.5]},
        {"RTE": Stored("NUMERIC(9,4)", (None, "-1", "0", "0.5", "0.5001", "1.25"))}, {"precision": 9, "scale": 4},
    ),
)  # fmt: skip

# --- numbers ----------------------------------------------------------------------------------------------------------

_MONEY = {"precision": 15, "scale": 2}
_CODES = (None, "EUR", "JPY", "KWD", "USD", "", "jpy")
_SIGNS = {"by": "DTYP", "negative": ["CM", "G2"]}
_NUMBERS = (
    Specimen(
        "Amount", "Decimal",
        {"column": "AMT", "decimals": {"by": "WAERS", "values": {"JPY": 0, "USD": 2, "KWD": 1}, "default": 2}},
        {
            "AMT": Stored("BIGINT", (None, 0, 123456, -123456, 1, 99, 100, 10, 100, 123450)),
            "WAERS": Stored("CHAR(5)", _CODES),
        },
        _MONEY,
    ),
    Specimen(
        "Shifted", "Decimal",
        {"column": "WRBTR", "decimals": {"by": "WAERK", "values": {"JPY": -2, "KWD": 1}, "default": 0}},
        {
            "WRBTR": Stored("NUMERIC(13,2)", (None, "0", "1.00", "-1.00", "12.30", "1", "100", "0.10", "0.01", "999")),
            "WAERK": Stored("VARCHAR(5) NOT NULL", ("EUR", "JPY", "KWD", "JPY", "EUR", "KWD", "JPY", "KWD", "EUR", "x")),
        },
        {"precision": 15, "scale": 3},
    ),
    Specimen(
        "Configured", "Decimal", {"column": "CFG", "decimals": {"column": "cur.DECS", "default": 2}},
        {"CFG": Stored("INTEGER NOT NULL", (0, 5, 100, -100, 12345)), "CUR": Stored("VARCHAR(3)", ("EUR", "JPY", "KWD", "X", None))},
        {"precision": 12, "scale": 3},
    ),
    Specimen(
        "Moved", "Decimal", {"column": "DMBTR", "decimals": {"column": "cur.DECS", "stored": 2, "default": 2}},
        {"DMBTR": Stored("NUMERIC(13,2) NOT NULL", ("0", "1.00", "-7.50", "12.30"))},
        {"precision": 15, "scale": 3},
    ),
    Specimen("Credit", "Decimal", {"column": "CRD", "decimals": 2, "sign": -1}, {"CRD": Stored("BIGINT", (None, 0, 1, -250))}, _MONEY),
    Specimen("Debit", "Int64", {"column": "DEB", "sign": -1}, {"DEB": Stored("INTEGER NOT NULL", (0, 1, -250, 7))}, {"nullable": False}),
    Specimen(
        "Signed", "Decimal", {"column": "SGN", "sign": _SIGNS},
        {
            "SGN": Stored("NUMERIC(15,2)", (None, "0", "12.5", "-12.50", "0.01", "100")),
            "DTYP": Stored("VARCHAR(2)", (None, "RI", "CM", "G2", "", "RI")),
        },
        _MONEY,
    ),
    Specimen(
        "Both", "Decimal",
        {
            "column": "BTH", "decimals": {"by": "WAERS", "values": {"JPY": 0}, "default": 2}, "sign": _SIGNS,
            "none": [0, "-1.00"],
        },
        {"BTH": Stored("INTEGER", (None, 0, 100, -100, 1, -1, 5))},
        _MONEY,
    ),
    Specimen(
        "Units", "Decimal", {"column": "QTY", "decimals": 1, "times": "UMREZ", "per": "UMREN"},
        {
            "QTY": Stored("INTEGER", (None, 0, 10, 15, -15, 25, 1)),
            "UMREZ": Stored("INTEGER", (1, 12, None, 1, 1, 3)),
            "UMREN": Stored("NUMERIC(9,2)", ("1", "12", "1", None, "0", "2.5", "3")),
        },
        {"precision": 13, "scale": 3}, "eq lt sort",
    ),
    Specimen(
        "Local", "Decimal", {"column": "FCA", "times": "RATE"},
        {
            "FCA": Stored("NUMERIC(13,2)", (None, "0", "0.05", "-0.05", "100", "10.01")),
            "RATE": Stored("NUMERIC(9,5)", ("1.1", "1.08375", "0.1", "0.1", "0", None)),
        },
        _MONEY,
    ),
    Specimen(
        "Available", "Decimal", {"sum": ["+ONH", "-RSV", "+INT"]},
        {
            "ONH": Stored("NUMERIC(13,3)", (None, "1.500", "-2", "0.001", "7")),
            "RSV": Stored("NUMERIC(13,3) NOT NULL", ("0", "1.5", "-2", "0.001")),
            "INT": Stored("INTEGER", (None, 0, 5, -7)),
        },
        {"precision": 15, "scale": 3, "nullable": False},
    ),
    Specimen(
        "Packed", "Decimal", {"sum": ["-PKA", "+PKB"], "decimals": 2},
        {"PKA": Stored("NUMERIC(11,0)", (None, "150", "-1", "0")), "PKB": Stored("NUMERIC(11,0)", ("1", None, "99"))},
        {**_MONEY, "nullable": False},
    ),
)  # fmt: skip

# --- choices ----------------------------------------------------------------------------------------------------------

_TEXTS = (None, "", " ", "Bolz", "bolt", "Ä", "a ", "none", "€")
_CHOICES = (
    Specimen(
        "Text", "String", {"first": ["TXD", "TXE", "=none"]},
        {
            "TXD": Stored(f"VARCHAR(20){C}", _TEXTS),
            "TXE": Stored("VARCHAR(20)", ("Bolt", None, "", " ", "Ä", "none", "b", "x", "")),
        },
        {"nullable": False},
    ),
    Specimen("Name", "String", {"first": ["NMA", "NMB"]}, {"NMA": Stored("CHAR(6)", _TEXTS[:6]), "NMB": Stored("CHAR(6)", (None, "", "y", "", None, "A"))}),
    Specimen("Currency", "String", {"value": "EUR"}, {}, {"max_length": 3, "nullable": False}),
    Specimen("Nothing", "String", {"value": ""}),
    Specimen("Level", "Int32", {"value": 7}),
    Specimen("Share", "Decimal", {"value": "0.50"}, {}, _MONEY),
    Specimen("Open", "Boolean", {"value": True}),
    Specimen("Closed", "Boolean", {"value": False}, {}, {"nullable": False}),
    Specimen("Since", "Date", {"value": date(2026, 1, 1)}),
    Specimen("At", "DateTimeOffset", {"value": "2026-01-01T00:00:00Z"}),
    Specimen("RelatedKey", "String", {"column": "REL"}, {"REL": Stored("VARCHAR(8)", (None, "K001", "K002", "K003", "K999"))}, {"max_length": 8}),
    Specimen("Blocked", "Boolean", {"column": "BLK", "true": ["X", 1], "false": ["", "N"]}, {"BLK": Stored("VARCHAR(2)", (None, "X", "", "N", "1", "?"))}),
    Specimen("Hold", "Boolean", {"column": "HLD", "true": ["Y"], "false": ["N"]}, {"HLD": Stored("CHAR(2)", (None, "Y", "N", ""))}),
    Specimen("Inactive", "Boolean", {"column": "ACT", "true": [False]}, {"ACT": Stored("BOOLEAN", (None, True, False))}, {"nullable": False}),
    Specimen("Yes", "Boolean", {"column": "YES", "true": [1, 2], "false": [0]}, {"YES": Stored("SMALLINT", (None, 0, 1, 2, 3))}),
    Specimen("Really", "Boolean", {"column": "RLY", "true": [True], "false": [False]}, {"RLY": Stored("BOOLEAN", (None, True, False))}),
    Specimen("State", "String", {"column": "STA", "codes": {"A": "Open", "B": "Open", "C": "Done"}}, {"STA": Stored("CHAR(2)", (None, "A", "B", "C", "", "Z", "Op"))}),
)  # fmt: skip
_RELATED, _RELATING = schema.both_ways("Related", "RelatedKey", "Choices", "Choices", "Key", "Relating")

# --- the catalog ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quirky:
    """A set of specimens. Its key is the number of the row."""

    name: str
    table: str
    specimens: Sequence[Specimen]
    navigation: Sequence[NavigationProperty] = ()
    joins: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Stored]:
        return {name: stored for specimen in self.specimens for name, stored in specimen.columns.items()}

    def entity_set(self, order: int) -> EntitySet:
        key = schema.prop("Key", "String", key=True, max_length=8)
        properties = [key, *(schema.prop(s.name, s.kind, **s.facets) for s in self.specimens)]
        lines = {"Key": "K", **{s.name: s.line for s in self.specimens}}
        section = {"table": self.table, "joins": self.joins, "columns": lines}
        return schema.entity_set(self.name, self.name.rstrip("s"), "Key", properties, section, self.navigation, order)

    def rows(self, count: int) -> list[dict[str, Any]]:
        """Every value of a column in turn, so that each occurs, and then by chance, so that they mix."""
        dice = random.Random(self.name)
        columns = self.columns.items()
        return [
            {"K": f"K{n:03}", **{c: s.values[n] if n < len(s.values) else dice.choice(s.values) for c, s in columns}}
            for n in range(count)
        ]


SETS = (
    Quirky("Calendars", "QDT", tuple(_dates())),
    Quirky("Times", "QTM", (*_SPLIT, *_STAMPED, *_NONE)),
    Quirky("Amounts", "QNM", _NUMBERS, joins={"cur": {"table": "QCU", "on": {"CUR": "CODE"}}}),
    Quirky("Choices", "QCH", _CHOICES, (_RELATED, _RELATING)),
)
METADATA = ServiceMetadata("ErpOData", "1.0.0", tuple(quirky.entity_set(n) for n, quirky in enumerate(SETS)))
COUNT = 60
#: What else there is, for joins.
_OTHERS = (
    'CREATE TABLE "QCU" ("CODE" VARCHAR(3) PRIMARY KEY, "DECS" SMALLINT)',
    "INSERT INTO \"QCU\" VALUES ('EUR', 2), ('JPY', 0), ('KWD', 3)",
)


def create(url: str) -> None:
    """Makes the tables and fills them."""
    engine = create_engine(driver_url(url))
    dialect = engine.dialect.name
    try:
        with engine.begin() as connection:
            for statement in _OTHERS:
                connection.execute(text(statement))
            for quirky in SETS:
                columns = quirky.columns
                kinds = [f'"{name}" {stored.ddl(dialect)}' for name, stored in columns.items()]
                connection.execute(
                    text(f'CREATE TABLE "{quirky.table}" ("K" VARCHAR(8) PRIMARY KEY, {", ".join(kinds)})')
                )
                names = ("K", *columns)
                values = ", ".join(f":{name}" for name in names)
                insert = text(f'INSERT INTO "{quirky.table}" ({", ".join(map(quoted, names))}) VALUES ({values})')
                connection.execute(insert, [stored(dialect, row) for row in quirky.rows(COUNT)])
    finally:
        engine.dispose()


def quoted(name: str) -> str:
    return f'"{name}"'


def stored(dialect: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return dict(row) if dialect == "postgresql" else {name: schema.for_sqlite(value) for name, value in row.items()}
