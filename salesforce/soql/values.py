"""Values as Salesforce keeps them: what arrives as JSON becomes the value of a field, with what is lost on the way."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from salesforce.errors import ExternalSystemError
from salesforce.field_types import NUMBER_PRECISION
from salesforce.sync import ExternalField


def kept(field: ExternalField, value: Any, notes: Callable[[str], None]) -> Any:
    """The value of the field. ``notes`` is told of texts that are cut. Raises ``ExternalSystemError`` for a value that
    the field cannot hold.
    """
    return _KEPT[field.type.name](field, value, notes)


def _text(field: ExternalField, value: Any, notes: Callable[[str], None]) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else str(value)
    if field.type.length is not None and len(text) > field.type.length:
        notes(f"{field.name}: a value of {len(text)} characters was cut to {field.type.length}")
        return text[: field.type.length]
    return text


def _number(field: ExternalField, value: Any, notes: Callable[[str], None]) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise _wrong(field, value)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _wrong(field, value) from None
    if (
        not number.is_finite()
        or len(number.as_tuple().digits) > NUMBER_PRECISION
        or number.adjusted() >= NUMBER_PRECISION
    ):
        raise ExternalSystemError(f"{field.name}: {value} has more than {NUMBER_PRECISION} digits")
    scale = field.type.scale or 0
    rounded = round(number, scale)
    if rounded != number:
        notes(f"{field.name}: {number} was rounded to {scale} decimals")
    return rounded


def _date_time(field: ExternalField, value: Any, notes: Callable[[str], None]) -> str | None:
    """In UTC, a date as its midnight."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _wrong(field, value) from None
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _checkbox(field: ExternalField, value: Any, notes: Callable[[str], None]) -> bool:
    if value is not None and not isinstance(value, bool):
        raise _wrong(field, value)
    return value is True


def _wrong(field: ExternalField, value: Any) -> ExternalSystemError:
    return ExternalSystemError(f"{field.name}: {str(value)[:80]!r} is no value of {field.type}")


_KEPT: dict[str, Callable[[ExternalField, Any, Callable[[str], None]], Any]] = {
    "Text": _text,
    "LongTextArea": _text,
    "Number": _number,
    "DateTime": _date_time,
    "Checkbox": _checkbox,
}
