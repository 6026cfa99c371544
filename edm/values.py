"""Values of Edm types as text, the way payloads, keys and ``/$value`` show them."""

import base64
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any


def date_time_text(value: datetime) -> str:
    """``2026-11-23T10:00:00Z``, with a fraction only where there is one."""
    text = value.strftime("%H:%M:%S")
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    return f"{value.year:04d}-{value.month:02d}-{value.day:02d}T{text}{fraction}Z"


def time_text(value: time) -> str:
    """``10:00:00``, with a fraction only where there is one."""
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    return f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}{fraction}"


def duration_text(value: timedelta) -> str:
    """The shortest ISO 8601 form with days, hours, minutes and seconds."""
    micro = value // timedelta(microseconds=1)
    sign, micro = ("-", -micro) if micro < 0 else ("", micro)
    seconds, fraction = divmod(micro, 1_000_000)
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, second = divmod(rest, 60)
    clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M")) if n)
    if second or fraction:
        clock += f"{second}" + (f".{fraction:06d}".rstrip("0") if fraction else "") + "S"
    body = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return f"{sign}P{body or 'T0S'}"


def decimal_text(value: Decimal) -> str:
    """Plain digits, never an exponent (JSON Format 4.0)."""
    return format(value, "f")


def double_text(value: float) -> str:
    """The shortest text that reads back as the same double; ``INF``, ``-INF``, ``NaN``."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "INF" if value > 0 else "-INF"
    return repr(value)


def raw_value(value: Any) -> str:
    """A value as ``/$value`` and keys show it, without quotes or prefix."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return decimal_text(value)
        case float():
            return double_text(value)
        case datetime():
            return date_time_text(value)
        case date():
            return value.isoformat()
        case time():
            return time_text(value)
        case timedelta():
            return duration_text(value)
        case bytes():
            return base64.urlsafe_b64encode(value).decode().rstrip("=")
        case _:
            return str(value)
