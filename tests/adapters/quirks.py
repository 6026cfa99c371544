"""Tables as old ERPs have them: every codec of the ``[sql]`` section that is more than a column, over columns of every
type that it may have, with what means none and with edge values.

One table of specimens makes the catalog, the tables and their rows. ``schema`` has the plainer things.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import create_engine, text

from edm.model import EntitySet, NavigationProperty, ServiceMetadata
from erp_adapters.sql_dates import PATTERNS
from erp_adapters.sql_drivers import driver_url
from tests.adapters import schema

#: Types of columns that are written otherwise elsewhere.
_SQLITE = {"UUID": "CHAR(32)", "TIMESTAMPTZ": "TIMESTAMP", "BYTEA": "BLOB"}
_MYSQL = {"UUID": "CHAR(32)", "TIMESTAMP": "DATETIME(6)", "TIMESTAMPTZ": "DATETIME(6)", "BYTEA": "BLOB"}
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
        return f"{(_SQLITE if dialect == 'sqlite' else _MYSQL).get(kind, kind)} {rest}"


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

# --- texts ------------------------------------------------------------------------------------------------------------

_ALPHA = (None, "", "0000000042", "0000000000", "4711000000", "A42", "00A", "0000000420", "a", "ABCDEFGHIJ")
_UUIDS = tuple(UUID(int=n) for n in (0, 1, 2**64 + 5, 2**127 + 12345, 2**128 - 1, 0x00112233445566778899AABBCCDDEEFF))
_GUID_TEXTS = (
    None, *map(str, _UUIDS), str(_UUIDS[-1]).upper(), _UUIDS[3].hex, f"{{{_UUIDS[2]}}}", f"{{{_UUIDS[4]}}}".upper(),
)  # fmt: skip
_MODELS = (
    None,
    "",
    "sale.line,12",
    "sale.line,-1",
    "sale.line,",
    "sale.lines,12",
    "sale,7",
    "sale.line,7",
    "zz",
    "sale.line,120",
)
_PARSED = (None, "", "  ", "0", "12.50", "-3", "+7", "12.50-", "0012", " 5 ", "-0")
_CONTEXTS = (None, "Trade", "trade", "Retail", "", "Trade", "Retail")
_WORDS = (
    Specimen(
        "Unit", "String", {"column": "UNI", "trim": "both"}, {"UNI": Stored("VARCHAR(8)", (None, "", " ", "a", " a", "a ", " a b ", "Ä", "b"))}
    ),
    Specimen("UnitChar", "String", {"column": "UNC", "trim": "both"}, {"UNC": Stored(f"CHAR(8){C}", (None, "", "a", " a", "  b", "a b"))}),
    Specimen(
        "BusinessUnit", "String", {"column": "MCU", "trim": "both", "width": 12},
        {"MCU": Stored(f"CHAR(12){C}", (None, "", "          30", "           5", "         M30", "ABCDEFGHIJKL", "         3 0"))},
    ),
    Specimen(
        "Branch", "String", {"column": "BRA", "trim": "both", "width": 12},
        {"BRA": Stored("VARCHAR(12)", (None, "", " " * 12, "          30", "           5", "         M30", "ABCDEFGHIJKL"))},
    ),
    Specimen("Material", "String", {"column": "MAT", "alpha": 10}, {"MAT": Stored("VARCHAR(10)", _ALPHA)}),
    Specimen("MaterialChar", "String", {"column": "MTC", "alpha": 10, "none": [""]}, {"MTC": Stored(f"CHAR(10){C} NOT NULL", _ALPHA[1:])}),
    Specimen("Serial", "String", {"column": "SER"}, {"SER": Stored("BIGINT", (None, 0, 1, -1, 42, 10, 2**63 - 1, -(2**63), 2**53 + 1))}),
    Specimen("Count", "String", {"column": "CNT", "none": ["0"]}, {"CNT": Stored("NUMERIC(9,0)", (None, 0, 1, -1, 42, 10))}),
    Specimen("Reference", "String", {"column": "REF", "guid": True}, {"REF": Stored("UUID", (None, *_UUIDS))}),
    Specimen("Identity", "String", {"column": "IDN"}, {"IDN": Stored("UUID", (None, *_UUIDS))}),
    Specimen("Token", "String", {"column": "TOK", "guid": True}, {"TOK": Stored("VARCHAR(38)", _GUID_TEXTS)}),
    Specimen("TokenChar", "String", {"column": "TKC", "guid": True}, {"TKC": Stored(f"CHAR(38){C} NOT NULL", _GUID_TEXTS[1:])}),
    Specimen("Raw", "String", {"column": "RAW", "guid": True}, {"RAW": Stored("BYTEA", (None, *(u.bytes for u in _UUIDS)))}, {}, "eq lt sort"),
    Specimen("Mixed", "String", {"column": "MIX", "guid": "mixed"}, {"MIX": Stored("BYTEA NOT NULL", tuple(u.bytes_le for u in _UUIDS))}, {}, "eq"),
    Specimen("Origin", "String", {"column": "ORI", "polymorphic": "sale.line"}, {"ORI": Stored(f"VARCHAR(20){C}", _MODELS)}),
    Specimen("OriginChar", "String", {"column": "ORC", "polymorphic": "sale.line"}, {"ORC": Stored("CHAR(20) NOT NULL", _MODELS[1:])}),
    Specimen("Figure", "Decimal", {"column": "WRT", "parse": "number"}, {"WRT": Stored("VARCHAR(10)", _PARSED)}, _MONEY, ""),
    Specimen("Whole", "Int32", {"column": "WHL", "parse": "number"}, {"WHL": Stored("CHAR(10)", (None, "", "7", "-7", "7.00"))}, {}, ""),
    Specimen(
        "Instrument",
        "String",
        {
            "column": "RYIN",
            "codes": {"table": "QUD", "code": "DRKY", "word": "DRDL", "where": {"DRSY": "00", "DRRT": "PY"}},
        },
        {"RYIN": Stored("CHAR(2)", (None, "", "T", "C", "D", "?", "Ca"))},
    ),
    Specimen(
        "Kind",
        "String",
        {
            "column": "KND",
            "codes": {"table": "QUD", "code": "DRNO", "word": "DRDL", "where": {"DRSY": "01", "DRNR": 7}},
            "none": ["Other"],
        },
        {"KND": Stored("INTEGER", (None, 0, 1, 2, 3))},
    ),
    Specimen(
        "Route", "String", {"column": "AT1", "when": {"CTX": "Trade"}},
        {"AT1": Stored(f"VARCHAR(10){C}", (None, "", "N1", "S1", "Ä")), "CTX": Stored("VARCHAR(10)", _CONTEXTS)},
    ),
    Specimen(
        "Visit", "Date", {"column": "AT2", "date": "yyyymmdd", "when": {"CTX": ["Trade", "Retail"], "SUB": 1}},
        {"AT2": Stored(f"VARCHAR(8){C}", (None, "", "20261123", "20260101")), "SUB": Stored("SMALLINT", (None, 1, 0, 1, 1))},
    ),
    Specimen("Urgent", "Boolean", {"column": "AT3", "true": ["Y"], "when": {"CTX": "Trade"}}, {"AT3": Stored("CHAR(1)", (None, "Y", "N"))}),
    Specimen(
        "Weight", "Decimal", {"column": "AT4", "decimals": 2, "none": [0], "when": {"ACT": True}},
        {"AT4": Stored("INTEGER", (None, 0, 100, -5)), "ACT": Stored("BOOLEAN", (None, True, False, True))}, _MONEY,
    ),
    Specimen(
        "SeenAt", "DateTimeOffset", {"column": "SEE", "timezone": "Europe/Berlin", "when": {"CTX": "Trade"}},
        {"SEE": Stored("TIMESTAMP", _STAMPS)}, {"precision": 6}, "eq? lt?",
    ),
)  # fmt: skip

# --- keys -------------------------------------------------------------------------------------------------------------

COUNT = 60
_NUMBERED = tuple(f"{n * 7:010}" if n % 5 else f"C{n}" for n in range(COUNT))
_PARTY = Specimen(
    "Number",
    "String",
    {"column": "KUN", "alpha": 10},
    {"KUN": Stored(f"CHAR(10){C} NOT NULL", _NUMBERED)},
    {"max_length": 10},
)
_PARTIES = (
    Specimen("Group", "String", {"column": "GRP"}, {"GRP": Stored("VARCHAR(8)", (None, "A", "B"))}),
    Specimen("Country", "String", {"value": "DE"}),
    Specimen("Title", "String", {"first": ["TI1", "=none"]}, {"TI1": Stored("VARCHAR(8)", (None, "", "Dr."))}),
)
_FIELDS = {
    "DOC": Stored("INTEGER NOT NULL", tuple(range(-3, COUNT - 3))),
    "DCT": Stored("CHAR(2) NOT NULL", ("RI", "_", "~", "", "A ", "~~", "_0", "_1")),
    "KCO": Stored(f"VARCHAR(5){C} NOT NULL", ("00001", "~1", "_", "", "a b", "é")),
}
_DOCUMENT = Specimen("DocumentKey", "String", {"columns": ["DOC", "DCT", "KCO"], "separator": "~"}, _FIELDS)
_DOCUMENTS = (
    Specimen(
        "PartyNumber",
        "String",
        {"column": "PTY", "alpha": 10},
        {"PTY": Stored("CHAR(10)", (None, *_NUMBERED[:9], "0000000001", "X"))},
        {"max_length": 10},
    ),
    Specimen(
        "PreviousKey",
        "String",
        {"columns": ["PDOC", "PDCT", "PKCO"], "separator": "~"},
        {
            "PDOC": Stored("INTEGER", (None, *range(-3, 9))),
            "PDCT": Stored("CHAR(2)", (None, *_FIELDS["DCT"].values)),
            "PKCO": Stored("VARCHAR(5)", (None, *_FIELDS["KCO"].values)),
        },
    ),
    Specimen(
        "ObjectKey",
        "String",
        {"column": "OBJ", "guid": True},
        {"OBJ": Stored("UUID", (None, *(UUID(int=n * 2**120) for n in range(9))))},
        {"max_length": 36},
    ),
    Specimen(
        "Account",
        "String",
        {"column": "ACC"},
        {"ACC": Stored("NUMERIC(12,0)", (None, *range(5, 15)))},
        {"max_length": 20},
    ),
    Specimen(
        "Branch",
        "String",
        {"columns": ["BRN", "BRS"], "widths": [3, 2], "separator": "-"},
        {"BRN": Stored("CHAR(3)", (None, "ABC", "abc", "x y")), "BRS": Stored("INTEGER", (None, 0, 7, 42))},
    ),
)
_OBJECT = Specimen(
    "ObjectKey",
    "String",
    {"column": "OID", "guid": True},
    {"OID": Stored("UUID NOT NULL", tuple(UUID(int=n * 2**120) for n in range(COUNT)))},
    {"max_length": 36},
)
_ACCOUNT = Specimen(
    "Account", "String", {"column": "ANO"}, {"ANO": Stored("BIGINT NOT NULL", tuple(range(COUNT)))}, {"max_length": 20}
)
_TO_PARTY, _OF_PARTY = schema.both_ways("Party", "PartyNumber", "Documents", "Parties", "Number", "Documents")
_TO_PREVIOUS, _OF_PREVIOUS = schema.both_ways(
    "Previous", "PreviousKey", "Documents", "Documents", "DocumentKey", "Following"
)
_TO_OBJECT, _OF_OBJECT = schema.both_ways("Object", "ObjectKey", "Documents", "Objects", "ObjectKey", "Documents")
_TO_ACCOUNT, _OF_ACCOUNT = schema.both_ways("Ledger", "Account", "Documents", "Accounts", "Account", "Documents")

# --- the catalog ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quirky:
    """A set of specimens. Its key is the number of the row, if it says no other."""

    name: str
    table: str
    specimens: Sequence[Specimen]
    navigation: Sequence[NavigationProperty] = ()
    joins: Mapping[str, Any] = field(default_factory=dict)
    key: Specimen = Specimen("Key", "String", {"column": "K"}, {}, {"max_length": 8})

    @property
    def columns(self) -> dict[str, Stored]:
        return {name: stored for specimen in (self.key, *self.specimens) for name, stored in specimen.columns.items()}

    def entity_set(self, order: int) -> EntitySet:
        key = schema.prop(self.key.name, "String", key=True, **self.key.facets)
        properties = [key, *(schema.prop(s.name, s.kind, **s.facets) for s in self.specimens)]
        lines = {s.name: s.line for s in (self.key, *self.specimens)}
        section = {"table": self.table, "joins": self.joins, "columns": lines}
        return schema.entity_set(
            self.name, f"{self.name}Type", self.key.name, properties, section, self.navigation, order
        )

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
    Quirky("Texts", "QTX", _WORDS),
    Quirky("Parties", "QPA", _PARTIES, (_OF_PARTY,), key=_PARTY),
    Quirky(
        "Documents", "QDO", _DOCUMENTS, (_TO_PARTY, _TO_PREVIOUS, _OF_PREVIOUS, _TO_OBJECT, _TO_ACCOUNT), key=_DOCUMENT
    ),
    Quirky("Objects", "QOB", (), (_OF_OBJECT,), key=_OBJECT),
    Quirky("Accounts", "QAC", (), (_OF_ACCOUNT,), key=_ACCOUNT),
)
METADATA = ServiceMetadata("ErpOData", "1.0.0", tuple(quirky.entity_set(n) for n, quirky in enumerate(SETS)))
#: What else there is, for joins.
_OTHERS = (
    'CREATE TABLE "QCU" ("CODE" VARCHAR(3) PRIMARY KEY, "DECS" SMALLINT)',
    "INSERT INTO \"QCU\" VALUES ('EUR', 2), ('JPY', 0), ('KWD', 3)",
    """CREATE TABLE "QUD" (
        "DRSY" CHAR(4), "DRRT" CHAR(2), "DRNR" INTEGER, "DRKY" CHAR(10), "DRNO" SMALLINT, "DRDL" VARCHAR(20)
    )""",
    """INSERT INTO "QUD" VALUES
        ('00', 'PY', 0, '         T', NULL, 'Transfer'), ('00', 'PY', 0, '         C', NULL, ' Card '),
        ('00', 'PY', 0, 'D', NULL, 'Card'), ('00', 'PY', 0, 'X', NULL, NULL), ('00', 'XX', 0, 'T', NULL, 'Truck'),
        ('01', 'KD', 7, NULL, 1, 'Goods'), ('01', 'KD', 7, NULL, 2, 'Service'), ('01', 'KD', 7, NULL, 3, 'Other'),
        ('01', 'KD', 8, NULL, 1, 'Ignored')""",
)


def create(url: str) -> None:
    """Makes the tables and fills them."""
    engine = create_engine(driver_url(url))
    dialect = engine.dialect.name
    try:
        with engine.begin() as connection:
            schema.quoted_as_usual(connection)
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
    change = {"sqlite": schema.for_sqlite, "mysql": schema.for_mysql}.get(dialect)
    return dict(row) if change is None else {name: change(value) for name, value in row.items()}
