"""Which line of ``[sql.columns]`` says which codec: the table of keys, and what stands around any codec."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from edm.primitives import BOOLEAN, DATE, DATE_TIME_OFFSET, DECIMAL, STRING
from erp_adapters import sql_readers_dates as dates
from erp_adapters import sql_readers_numbers as numbers
from erp_adapters import sql_readers_stamps as stamps
from erp_adapters import sql_readers_texts as texts
from erp_adapters.sections import unknown
from erp_adapters.sql_codecs import Codec, Constant, DateDigits, Nothing, Plain, Split, TextStamp, When, Zoned
from erp_adapters.sql_readers import Line, Reader


@dataclass(frozen=True, slots=True)
class Kind:
    """What a line with some key may hold, and who reads it."""

    read: Callable[[Reader, Line], Codec | None]
    keys: frozenset[str]


#: The first of these keys that a line has says what kind it is.
KINDS: dict[str, Kind] = {
    "columns": Kind(texts.composite, frozenset({"columns", "widths", "separator"})),
    "sum": Kind(numbers.summed, frozenset({"sum", "decimals"})),
    **dict.fromkeys(
        ("decimals", "sign", "times", "per"),
        Kind(numbers.amount, frozenset({"column", "decimals", "sign", "times", "per"})),
    ),
    "date": Kind(dates.dated, frozenset({"column", "date", "time", "time_column", "timezone"})),
    "codes": Kind(texts.codes, frozenset({"column", "codes", "trim"})),
    **dict.fromkeys(("true", "false"), Kind(texts.flag, frozenset({"column", "true", "false", "trim"}))),
    "first": Kind(texts.first, frozenset({"first"})),
    "timezone": Kind(stamps.stamped, frozenset({"column", "timezone", "form"})),
    "round": Kind(stamps.rounded, frozenset({"column", "round"})),
    "alpha": Kind(texts.alpha, frozenset({"column", "alpha"})),
    "guid": Kind(texts.guid, frozenset({"column", "guid"})),
    "polymorphic": Kind(texts.polymorphic, frozenset({"column", "polymorphic"})),
    "parse": Kind(texts.parsed, frozenset({"column", "parse"})),
    "": Kind(texts.plain, frozenset({"column", "trim", "width"})),
}
#: The key of a line that names no column.
CONSTANT = "value"
#: What any line may hold beside its own.
AROUND = frozenset({"none", "when"})


def codec(reader: Reader, value: object) -> Codec | None:
    """The codec of a line; ``None`` if there is a fault."""
    if isinstance(value, str):
        column = reader.column(value)
        return None if column is None else Plain(column)
    if not isinstance(value, Mapping):
        reader.fault(f"is neither a column nor a table: {value!r}")
        return None
    if CONSTANT in value:
        return _constant(reader, value)
    kind = KINDS[next((name for name in KINDS if name in value), "")]
    unknown(reader.key, value, {*kind.keys, *AROUND}, reader.faults)
    found = kind.read(reader, value)
    if found is not None and "none" in value:
        found = _none(reader, found, value["none"])
    return _when(reader, found, value["when"]) if found is not None and "when" in value else found


def _when(reader: Reader, of: Codec, conditions: object) -> Codec | None:
    if not reader.property.nullable:
        reader.fault("when makes the value null elsewhere, but the property is not nullable")
        return None
    if not isinstance(conditions, Mapping) or not conditions:
        reader.fault('when names no columns; write when = { CONTEXT = "Trade" }')
        return None
    found = []
    for name, codes in conditions.items():
        column = reader.column(name)
        listed = reader.codes(f"when.{name}", codes if isinstance(codes, list) else [codes])
        if column is None or listed is None:
            return None
        found.append((column, listed))
    return When(of, tuple(found))


def _constant(reader: Reader, line: Line) -> Codec | None:
    """``value``. An empty text is null where there may be null."""
    unknown(reader.key, line, {CONSTANT}, reader.faults)
    value, prop = line[CONSTANT], reader.property
    if value == "" and prop.nullable:
        return Constant(None)
    made: Any = value if prop.type == BOOLEAN and isinstance(value, bool) else None
    if prop.type != BOOLEAN:
        made = _READ.get(prop.type, _number)(value)
    if made is None:
        reader.fault(f"value is {value!r}, which is no {prop.type.name}")
        return None
    if isinstance(made, str) and prop.max_length is not None and len(made) > prop.max_length:
        reader.fault(f"value has {len(made)} characters, but max_length is {prop.max_length}")
    if isinstance(made, Decimal):
        reader.check_scale(-int(made.normalize().as_tuple().exponent))
    return Constant(made)


# --- none -------------------------------------------------------------------------------------------------------------


def _none(reader: Reader, of: Codec, values: object) -> Codec | None:
    prop = reader.property
    if prop.type == BOOLEAN:
        reader.fault("none is for values; of a Boolean say which codes are true")
        return None
    if not prop.nullable:
        reader.fault("none makes some values null, but the property is not nullable")
        return None
    if not isinstance(values, list) or not values:
        reader.fault("none is not a list of values")
        return None
    kind = DATE if isinstance(of, Split) else prop.type
    found = []
    for value in values:
        made = _READ.get(kind, _number)(value)
        if made is None:
            reader.fault(f"none holds {value!r}, which is no {kind.name}")
            return None
        found.append(made)
    return Nothing(of, tuple(found))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        return None
    return found if found.is_finite() else None


def _day(value: object) -> date | None:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _moment(value: object) -> datetime | None:
    """A point in time, as it is stored: local time is given the zone UTC here, whatever its zone is."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_READ: dict[Any, Callable[[object], Any]] = {
    STRING: _text,
    DECIMAL: _decimal,
    DATE: _day,
    DATE_TIME_OFFSET: _moment,
}


def marks(of: Codec) -> Codec:
    """The codec whose values are compared with those that mean none: as they are stored, before any zone."""
    match of:
        case Zoned(column=column):
            return Zoned(column, "UTC")
        case TextStamp(column=column, form=form):
            return TextStamp(column, "UTC", form)
        case Split(column=column, pattern=pattern):
            return DateDigits(column, pattern)
    return of
