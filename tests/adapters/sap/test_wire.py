"""JSON of OData V2 as exact values, and what is no value."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from edm import primitives
from erp_adapters.sap.schema import TYPES, Field
from erp_adapters.sap.wire import Unfit, value

DAY = Field("F", "Edm.DateTime", primitives.DATE)
MOMENT = replace(DAY, type=primitives.DATE_TIME_OFFSET)


def of(edm: str, **facets: Any) -> Field:
    return Field("F", edm, TYPES.get(edm), **facets)


@pytest.mark.parametrize(
    ("field", "raw", "expected"),
    [
        (of("Edm.String"), "x", "x"),
        (of("Edm.String"), "", None),
        (of("Edm.String"), None, None),
        (of("Edm.Boolean"), True, True),
        (of("Edm.Int16"), 7, 7),
        (of("Edm.Int64"), "9007199254740993", 9007199254740993),
        (of("Edm.Decimal"), "24786.720", Decimal("24786.720")),
        (of("Edm.Decimal"), "-0.1", Decimal("-0.1")),
        (of("Edm.Decimal"), "12.50-", Decimal("-12.50")),
        (of("Edm.Decimal"), Decimal("1.10"), Decimal("1.10")),
        (of("Edm.Double"), "1.2500000000000000E+01", Decimal("12.5")),
        (DAY, "/Date(1756512000000)/", date(2025, 8, 30)),
        (DAY, "/Date(253402214400000)/", date(9999, 12, 31)),
        (DAY, "/Date(-2208988800000)/", date(1900, 1, 1)),
        (DAY, "2025-08-30T00:00:00", date(2025, 8, 30)),
        (MOMENT, "/Date(1756512000123)/", datetime(2025, 8, 30, 0, 0, 0, 123000, UTC)),
        (of("Edm.DateTimeOffset"), "/Date(1756512000000+0120)/", datetime(2025, 8, 30, tzinfo=UTC)),
        (of("Edm.DateTimeOffset"), "2025-08-30T02:00:00+02:00", datetime(2025, 8, 30, tzinfo=UTC)),
        (of("Edm.Time"), "PT09H05M07S", time(9, 5, 7)),
        (of("Edm.Time"), "PT13H", time(13)),
        (of("Edm.Guid"), "12345678-1234-5678-1234-567812345678", UUID(int=0x12345678123456781234567812345678)),
        (of("Edm.Binary"), "AQI=", b"\x01\x02"),
    ],
)
def test_values(field: Field, raw: object, expected: object) -> None:
    found = value(field, raw)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        (of("Edm.String"), 7),
        (of("Edm.String", max_length=3), "abcd"),
        (of("Edm.Boolean"), "true"),
        (of("Edm.Boolean"), 1),
        (of("Edm.Int16"), 32768),
        (of("Edm.Int32"), "1.5"),
        (of("Edm.Byte"), -1),
        (of("Edm.Decimal"), "1,5"),
        (of("Edm.Decimal"), "NaN"),
        (of("Edm.Decimal"), True),
        (of("Edm.Decimal"), 1.5),
        (of("Edm.Decimal"), "9" * 70),
        (DAY, "/Date(1756512000001)/"),
        (DAY, "/Date(99999999999999999)/"),
        (DAY, 1756512000000),
        (DAY, "yesterday"),
        (of("Edm.Time"), "PT25H"),
        (of("Edm.Guid"), "x"),
        (of("Edm.Binary"), "x"),
        (of("Z_SRV.Unheard"), "x"),
    ],
)
def test_what_is_no_value(field: Field, raw: object) -> None:
    """Nothing is guessed, cut or rounded."""
    with pytest.raises(Unfit, match="F "):
        value(field, raw)
