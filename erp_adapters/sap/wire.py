"""What arrives as OData V2's JSON, as exact Python values: nothing is trusted, nothing becomes a float.

Decimals and 64-bit integers are texts there, days and moments milliseconds of the epoch, times XML durations, and a
text that is empty is none.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from edm import primitives
from erp_adapters.records.base import Stored
from erp_adapters.sap.schema import Field

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS = re.compile(r"/Date\((-?\d{1,18})([+-]\d{1,4})?\)/", re.ASCII)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,7})?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_TIME = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?(?:(\d{1,2})(?:\.(\d{1,7}))?S)?", re.ASCII)
_NUMBER = re.compile(r"\s*[+-]?\d{1,60}(\.\d{0,60})?([eE][+-]?\d{1,3})?\s*", re.ASCII)


class Unfit(ValueError):
    """A value that is not what the metadata says."""


def value(field: Field, raw: Any) -> Stored:
    """A value of the field. Raises ``Unfit``."""
    if raw is None:
        return None
    reader = _READERS.get(field.edm)
    if reader is None or field.type is None:
        raise Unfit(f"{field.name} has the type {field.edm}, which is not known")
    try:
        return reader(field, raw)
    except (ValueError, OverflowError, InvalidOperation) as error:
        raise Unfit(f"{field.name} is no {field.edm}: {str(raw)[:60]!r} ({error})") from error


def _text(field: Field, raw: Any) -> str | None:
    if not isinstance(raw, str):
        raise ValueError("not a text")
    if field.max_length is not None and len(raw) > field.max_length:
        raise ValueError(f"longer than {field.max_length}")
    return raw or None


def _boolean(field: Field, raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise ValueError("neither true nor false")
    return raw


def _integer(field: Field, raw: Any) -> int:
    number = _decimal(field, raw)
    whole = int(number)
    kind = field.type or primitives.INT64
    if whole != number or not (kind.low or 0) <= whole <= (kind.high or 0):
        raise ValueError("out of range")
    return whole


def _decimal(field: Field, raw: Any) -> Decimal:
    """Also ABAP's own spelling of a negative number, with the sign behind."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
        raise ValueError("not a number")
    if isinstance(raw, str):
        spelled = f"-{raw[:-1]}" if raw.endswith("-") else raw
        if not _NUMBER.fullmatch(spelled):
            raise ValueError("not a number")
        return Decimal(spelled.strip())
    return Decimal(raw)


def _instant(raw: Any) -> tuple[datetime, timedelta]:
    """A moment in UTC, and by how much the clocks that it was written by are ahead."""
    ticks = _TICKS.fullmatch(raw) if isinstance(raw, str) else None
    if ticks:
        return _EPOCH + timedelta(milliseconds=int(ticks[1])), timedelta(minutes=int(ticks[2] or 0))
    if not isinstance(raw, str) or not _ISO.fullmatch(raw):
        raise ValueError("not a date")
    found = datetime.fromisoformat(raw)
    ahead = found.utcoffset() or timedelta(0)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC), ahead


def _moment(field: Field, raw: Any) -> Stored:
    """A day has no time of day, and none is cut off: it would be found by no condition."""
    instant, ahead = _instant(raw)
    if field.type is not primitives.DATE:
        return instant
    local = instant + ahead
    if local.time() != time():
        raise ValueError("a day with a time of day")
    return local.date()


def _time(field: Field, raw: Any) -> time:
    match = _TIME.fullmatch(raw) if isinstance(raw, str) else None
    if not match:
        raise ValueError("not a time")
    hours, minutes, seconds, fraction = match.groups()
    return time(int(hours or 0), int(minutes or 0), int(seconds or 0), int((fraction or "0").ljust(6, "0")[:6]))


def _guid(field: Field, raw: Any) -> UUID:
    if not isinstance(raw, str):
        raise ValueError("not a GUID")
    return UUID(raw)


def _binary(field: Field, raw: Any) -> bytes:
    try:
        return base64.b64decode(raw, validate=True)
    except (binascii.Error, TypeError) as error:
        raise ValueError("not Base64") from error


_READERS: Mapping[str, Callable[[Field, Any], Stored]] = {
    "Edm.Binary": _binary,
    "Edm.Boolean": _boolean,
    "Edm.Byte": _integer,
    "Edm.DateTime": _moment,
    "Edm.DateTimeOffset": _moment,
    "Edm.Decimal": _decimal,
    "Edm.Double": _decimal,
    "Edm.Guid": _guid,
    "Edm.Int16": _integer,
    "Edm.Int32": _integer,
    "Edm.Int64": _integer,
    "Edm.SByte": _integer,
    "Edm.Single": _decimal,
    "Edm.String": _text,
    "Edm.Time": _time,
}
