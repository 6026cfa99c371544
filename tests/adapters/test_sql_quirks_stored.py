"""What is stored in old ERPs' tables and does not fit the mapping breaks the contract, with the culprit in the log; and
what fits is published as what it means.
"""

from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from edm.query import Query
from erp_adapters.base import ContractBroken
from erp_adapters.sql_drivers import driver_url
from tests.adapters import quirks, schema


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("stored") / "quirks.sqlite"
    quirks.create(f"sqlite:///{path}")
    return f"sqlite:///{path}"


def read(url: str, name: str, **stored: Any) -> Any:
    """The property where every row holds these."""
    entity_set = next(s.name for s in quirks.METADATA.sets if s.type.property(name) is not None)
    table = next(quirky.table for quirky in quirks.SETS if quirky.name == entity_set)
    engine = create_engine(driver_url(url))
    with engine.begin() as connection:
        changes = ", ".join(f'"{column}" = :{column}' for column in stored)
        connection.execute(text(f'UPDATE "{table}" SET {changes}'), stored)
    engine.dispose()
    with closing(schema.adapter(url, quirks.METADATA)) as adapter:
        return schema.read(adapter, Query(entity_set, (name,)))[0][0]


@pytest.mark.parametrize(
    ("name", "stored", "published"),
    [
        ("CyydddInteger", {"D1I": 126327}, date(2026, 11, 23)),
        ("CyydddInteger", {"D1I": 99365}, date(1999, 12, 31)),
        ("CyydddText", {"D1T": "099365"}, date(1999, 12, 31)),
        ("CyymmddInteger", {"D2I": 1261123}, date(2026, 11, 23)),
        ("YyyydddInteger", {"D3I": 2024060}, date(2024, 2, 29)),
        ("YymmddInteger", {"D4I": 101}, date(2000, 1, 1)),
        ("YymmddInteger", {"D4I": 391231}, date(2039, 12, 31)),
        ("YymmddInteger", {"D4I": 400101}, date(1940, 1, 1)),
        ("DdmmyyText", {"D5T": "231126"}, date(2026, 11, 23)),
        ("MmddyyInteger", {"D6I": 10100}, date(2000, 1, 1)),
        ("DdmmyyyyInteger", {"D7I": 1012026}, date(2026, 1, 1)),
        ("MDYyyyText", {"D9T": "1/2/2026"}, date(2026, 1, 2)),
        ("MDYyyyText", {"D9T": "01/02/2026"}, date(2026, 1, 2)),
        ("DMYyyyText", {"D10T": "1.2.2026"}, date(2026, 2, 1)),
        ("YyyyMmDdText", {"D11T": "0000-00-00"}, None),
        ("YyyymmddText", {"D0T": "00000000"}, None),
        ("YyyymmddText", {"D0T": "    "}, None),
        ("AuditAt", {"UPMJ": 126327, "UPMT": 81500}, datetime(2026, 11, 23, 15, 15, tzinfo=UTC)),
        ("AuditAt", {"UPMJ": 126327, "UPMT": 240000}, datetime(2026, 11, 24, 7, 0, tzinfo=UTC)),
        ("AuditAt", {"UPMJ": 0, "UPMT": 81500}, None),
        ("AuditAt", {"UPMJ": 126327, "UPMT": None}, datetime(2026, 11, 23, 7, 0, tzinfo=UTC)),
        ("PostedAt", {"PST": "1753-01-01 00:00:00.000000"}, None),
        ("Rate", {"RTE": 0.5}, None),
        ("Amount", {"AMT": 123456, "WAERS": "EUR"}, Decimal("1234.56")),
        ("Amount", {"AMT": 123456, "WAERS": "JPY"}, Decimal(123456)),
        ("Amount", {"AMT": 123456, "WAERS": None}, Decimal("1234.56")),
        ("Shifted", {"WRBTR": 12.34, "WAERK": "JPY"}, Decimal(1234)),
        ("Shifted", {"WRBTR": 12.34, "WAERK": "EUR"}, Decimal("12.34")),
        ("Configured", {"CFG": 12345, "CUR": "KWD"}, Decimal("12.345")),
        ("Configured", {"CFG": 12345, "CUR": "?"}, Decimal("123.45")),
        ("Moved", {"DMBTR": 12.34, "CUR": "JPY"}, Decimal(1234)),
        ("Moved", {"DMBTR": 12.34, "CUR": "EUR"}, Decimal("12.34")),
        ("Moved", {"DMBTR": 12.34, "CUR": "KWD"}, Decimal("1.234")),
        ("Credit", {"CRD": 250}, Decimal("-2.50")),
        ("Signed", {"SGN": 12.5, "DTYP": "CM"}, Decimal("-12.50")),
        ("Signed", {"SGN": 12.5, "DTYP": None}, Decimal("12.50")),
        ("Units", {"QTY": 25, "UMREZ": 1, "UMREN": 3}, Decimal("0.833")),
        ("Units", {"QTY": 25, "UMREZ": 1, "UMREN": 0}, None),
        ("Local", {"FCA": 0.05, "RATE": 0.1}, Decimal("0.01")),
        ("Local", {"FCA": -0.05, "RATE": 0.1}, Decimal("-0.01")),
        ("Available", {"ONH": 1.5, "RSV": 0.25, "INT": None}, Decimal("1.250")),
        ("Packed", {"PKA": 150, "PKB": 1}, Decimal("-1.49")),
        ("Text", {"TXD": " ", "TXE": "Bolt"}, "Bolt"),
        ("Text", {"TXD": None, "TXE": ""}, "none"),
        ("Name", {"NMA": "", "NMB": None}, None),
        ("Nothing", {"REL": None}, None),
        ("Unit", {"UNI": "  a b "}, "a b"),
        ("BusinessUnit", {"MCU": "          30"}, "30"),
        ("BusinessUnit", {"MCU": " " * 12}, ""),
        ("Material", {"MAT": "0000000042"}, "42"),
        ("Material", {"MAT": "0000000000"}, "0"),
        ("Material", {"MAT": "A-1"}, "A-1"),
        ("Serial", {"SER": 2**53 + 1}, "9007199254740993"),
        ("Token", {"TOK": "{00112233-4455-6677-8899-AABBCCDDEEFF}"}, "00112233-4455-6677-8899-aabbccddeeff"),
        ("Token", {"TOK": "00112233445566778899aabbccddeeff"}, "00112233-4455-6677-8899-aabbccddeeff"),
        ("Raw", {"RAW": bytes(range(16))}, "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        ("Mixed", {"MIX": bytes(range(16))}, "03020100-0504-0706-0809-0a0b0c0d0e0f"),
        ("Origin", {"ORI": "sale.line,12"}, "12"),
        ("Origin", {"ORI": "sale.lines,12"}, None),
        ("Origin", {"ORI": "sale.line,-1"}, None),
        ("Figure", {"WRT": "12.50-"}, Decimal("-12.50")),
        ("Figure", {"WRT": "   "}, None),
        ("Whole", {"WHL": "007"}, 7),
        ("Route", {"AT1": "N1", "CTX": "Trade"}, "N1"),
        ("Route", {"AT1": "N1", "CTX": "Retail"}, None),
        ("Visit", {"AT2": "20261123", "CTX": "Retail", "SUB": 1}, date(2026, 11, 23)),
        ("Visit", {"AT2": "nonsense", "CTX": "Retail", "SUB": 0}, None),
        ("Instrument", {"RYIN": "T"}, "Transfer"),
        ("Instrument", {"RYIN": "C"}, "Card"),
        ("Instrument", {"RYIN": "?"}, "?"),
        ("Kind", {"KND": 2}, "Service"),
        ("Kind", {"KND": 3}, None),
        ("PreviousKey", {"PDOC": -7, "PDCT": "RI", "PKCO": "0_~1"}, "-7~RI~0_0_11"),
        ("Blocked", {"BLK": "1"}, True),
        ("Blocked", {"BLK": "?"}, None),
    ],
)
def test_what_is_published(url: str, name: str, stored: dict[str, Any], published: Any) -> None:
    assert read(url, name, **stored) == published


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("CyydddInteger", {"D1I": 126366}),
        ("CyydddInteger", {"D1I": 126000}),
        ("CyydddInteger", {"D1I": -126001}),
        ("CyydddText", {"D1T": "99365"}),
        ("YyyymmddText", {"D0T": "20260230"}),
        ("YyyymmddText", {"D0T": "2026-1-1"}),
        ("YyyymmddText", {"D0T": "２０２６０１０１"}),
        ("YyyymmddNumber", {"D0N": 20260101.5}),
        ("YymmddInteger", {"D4I": 261301}),
        ("DdmmyyyyInteger", {"D7I": 32012026}),
        ("MDYyyyText", {"D9T": "13/1/2026"}),
        ("MDYyyyText", {"D9T": "1/1/26"}),
        ("DMYyyyText", {"D10T": "1.1"}),
        ("YyyyMmDdText", {"D11T": "2026-W01-1"}),
        ("Always", {"DNN": 0}),
        ("Written", {"DNC": "00000000"}),
        ("AuditAt", {"UPMJ": 126327, "UPMT": 246000}),
        ("AuditAt", {"UPMJ": 126327, "UPMT": 6000}),
        ("AuditAt", {"UPMJ": 126327, "UPMT": -1}),
        ("EnteredAt", {"ERDAT": "20261123", "ERZET": "12:30"}),
        ("UtcAt", {"UD": "2026-11-23", "UT": "1:00:00"}),
        ("UntilDigits", {"BISD": 99991331}),
        ("Amount", {"AMT": 10**15, "WAERS": "JPY"}),
        ("Shifted", {"WRBTR": 0.001, "WAERK": "KWD"}),
        ("Configured", {"CFG": 12.5, "CUR": "JPY"}),
        ("Signed", {"SGN": "abc", "DTYP": "CM"}),
        ("Signed", {"SGN": 0.001, "DTYP": "CM"}),
        ("Debit", {"DEB": -(2**63)}),
        ("Local", {"FCA": 10**13, "RATE": 10}),
        ("Available", {"ONH": 0.0001, "RSV": 0, "INT": 0}),
        ("Text", {"TXD": b"abc"}),
        ("BusinessUnit", {"MCU": "30"}),
        ("BusinessUnit", {"MCU": "         30 "}),
        ("Material", {"MAT": "42"}),
        ("Serial", {"SER": "abc"}),
        ("Count", {"CNT": 1.5}),
        ("Count", {"CNT": 2.0**70}),
        ("Token", {"TOK": "00112233-4455-6677-8899-aaBBccddeeff"}),
        ("Token", {"TOK": "nonsense"}),
        ("Raw", {"RAW": b"abc"}),
        ("Figure", {"WRT": "1,000"}),
        ("Figure", {"WRT": "--1"}),
        ("Figure", {"WRT": "0.001"}),
        ("Whole", {"WHL": "1.5"}),
        ("Visit", {"AT2": "nonsense", "CTX": "Retail", "SUB": 1}),
        ("PreviousKey", {"PDOC": 1.5, "PDCT": "RI", "PKCO": "1"}),
        ("PreviousKey", {"PDOC": 1, "PDCT": "RI", "PKCO": "_" * 30}),
    ],
)
def test_what_breaks_the_contract(url: str, name: str, stored: dict[str, Any]) -> None:
    with pytest.raises(ContractBroken) as caught:
        read(url, name, **stored)
    assert name in caught.value.detail


def test_more_decimals_than_there_is_room_for(url: str) -> None:
    schema.execute(url, """UPDATE "QCU" SET "DECS" = 4 WHERE "CODE" = 'KWD'""")
    with pytest.raises(ContractBroken) as caught:
        read(url, "Configured", CFG=1, CUR="KWD")
    assert "4 decimals, but the property has 3" in caught.value.detail
    schema.execute(url, """UPDATE "QCU" SET "DECS" = 3 WHERE "CODE" = 'KWD'""")
