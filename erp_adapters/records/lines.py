"""Reads the lines of a section's ``fields``: which codec each of them is."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from edm.errors import ODataError
from edm.model import Property
from edm.primitives import BOOLEAN, DATE, DATE_TIME_OFFSET, DECIMAL, STRING
from erp_adapters.records.codecs import Codec, Field, Ref
from erp_adapters.records.codecs_several import Constant, First, Joined, Nothing, Part, Signed, Sum, When
from erp_adapters.records.codecs_stored import Alpha, Day, Filled, Flag, Local, Number, Reference, Rounded, Words
from erp_adapters.sections import Faults, unknown

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """What a name can lead to beside a field."""

    joins: Collection[str] = ()
    totals: Collection[str] = ()

    def ref(self, key: str, value: object, faults: Faults) -> Ref | None:
        if not isinstance(value, str) or not value:
            faults.add(key, f"is not a field: {value!r}")
            return None
        if value in self.totals:
            return Ref(value, "")
        alias, dot, name = value.partition(".")
        return Ref(alias, name) if dot and name and alias in self.joins else Ref("", value)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the codec of one property."""

    key: str
    prop: Property
    names: Names
    faults: Faults

    def fault(self, message: str) -> Codec | None:
        """Notes the fault; there is no codec then."""
        self.faults.add(self.key, message)
        return None

    def ref(self, value: object) -> Ref | None:
        return self.names.ref(self.key, value, self.faults)

    def codes(self, name: str, value: object) -> tuple[str, ...] | None:
        """Codes as text; in the catalog they may be numbers and Booleans."""
        items = value if isinstance(value, list) else [value]
        if not items or not all(isinstance(item, str | int) for item in items):
            self.fault(f"{name} is not a list of codes: {value!r}")
            return None
        return tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in items)

    def typed(self, *kinds: object) -> bool:
        if self.prop.type in kinds:
            return True
        self.fault(f"is not for a property of type {self.prop.type.name}")
        return False

    def codec(self, line: object) -> Codec | None:
        """The codec of a line: the name of a field, or a table."""
        if not isinstance(line, Mapping):
            ref = self.ref(line)
            return Field(self.prop, ref) if ref is not None else None
        line = dict(line)
        around = [(name, line.pop(name)) for name in _AROUND if name in line]
        found = self._inner(line)
        for name, value in around:
            found = found and _AROUND[name](self, found, value)
        return found

    def _inner(self, line: Line) -> Codec | None:
        kind = next((name for name in _KINDS if name in line), "field")
        unknown(self.key, line, {*_KEYS.get(kind, {"field", kind}), *_AROUND}, self.faults)
        return _KINDS[kind](self, line)


# --- codecs -----------------------------------------------------------------------------------------------------------


def _field(reader: Reader, line: Line) -> Codec | None:
    ref = reader.ref(line.get("field"))
    trim, ordered = line.get("trim", False), line.get("ordered")
    if not isinstance(trim, bool) or not isinstance(ordered, bool | None):
        return reader.fault("trim and ordered are true or false")
    return Field(reader.prop, ref, trim, ordered) if ref is not None else None


def _words(reader: Reader, line: Line) -> Codec | None:
    ref, words = reader.ref(line.get("field")), line["codes"]
    if not reader.typed(STRING) or ref is None:
        return None
    if not isinstance(words, Mapping) or not words or not all(isinstance(word, str) for word in words.values()):
        return reader.fault('codes is not a table such as { F2 = "Invoice" }')
    if reader.prop.allowed and not set(words.values()) <= set(reader.prop.allowed):
        odd = ", ".join(sorted(set(words.values()) - set(reader.prop.allowed)))
        return reader.fault(f"publishes {odd}, which the property does not allow")
    return Words(reader.prop, ref, dict(words))


def _flag(reader: Reader, line: Line) -> Codec | None:
    ref, true = reader.ref(line.get("field")), reader.codes("true", line["true"])
    false = reader.codes("false", line["false"]) if "false" in line else None
    if not reader.typed(BOOLEAN) or ref is None or true is None:
        return None
    if false is not None and set(true) & set(false):
        return reader.fault("has a code that is both true and false")
    return Flag(reader.prop, ref, true, false)


def _filled(reader: Reader, line: Line) -> Codec | None:
    ref = reader.ref(line.get("field"))
    if line["filled"] is not True:
        return reader.fault("filled is true, or is left out")
    return Filled(reader.prop, ref) if reader.typed(BOOLEAN) and ref is not None else None


def _alpha(reader: Reader, line: Line) -> Codec | None:
    ref, width = reader.ref(line.get("field")), line["alpha"]
    if type(width) is not int or not 0 < width <= 255:
        return reader.fault(f"alpha is not a number from 1 to 255: {width!r}")
    return Alpha(reader.prop, ref, width) if reader.typed(STRING) and ref is not None else None


def _day(reader: Reader, line: Line) -> Codec | None:
    ref = reader.ref(line.get("field"))
    if line["date"] != "yyyymmdd":
        return reader.fault('date is "yyyymmdd"; other forms are not known here')
    return Day(reader.prop, ref) if reader.typed(DATE) and ref is not None else None


def _local(reader: Reader, line: Line) -> Codec | None:
    ref, name = reader.ref(line.get("field")), line["timezone"]
    try:
        zone = ZoneInfo(name)
    except (KeyError, OSError, ValueError, TypeError):
        return reader.fault(f"{name!r} is not a time zone")
    if not reader.typed(DATE_TIME_OFFSET) or ref is None:
        return None
    return Field(reader.prop, ref) if name == "UTC" else Local(reader.prop, ref, zone)


def _number(reader: Reader, line: Line) -> Codec | None:
    ref = reader.ref(line.get("field"))
    if line["parse"] != "number":
        return reader.fault('parse is "number"')
    if not reader.prop.type.integral and not reader.typed(DECIMAL):
        return None
    return Number(reader.prop, ref) if ref is not None else None


def _rounded(reader: Reader, line: Line) -> Codec | None:
    ref = reader.ref(line.get("field"))
    if line["round"] is not True:
        return reader.fault("round is true, or is left out")
    return Rounded(reader.prop, ref) if reader.typed(DECIMAL) and ref is not None else None


def _reference(reader: Reader, line: Line) -> Codec | None:
    ref, model = reader.ref(line.get("field")), line["polymorphic"]
    if not isinstance(model, str) or not model or "," in model:
        return reader.fault(f"polymorphic is not the name of a model: {model!r}")
    return Reference(reader.prop, ref, model) if ref is not None else None


def _constant(reader: Reader, line: Line) -> Codec | None:
    value = line["value"]
    if isinstance(value, str) and not value:
        if not reader.prop.nullable:
            return reader.fault("has no value, but the property is not nullable")
        return Constant(reader.prop, None)
    if isinstance(value, str) and reader.prop.type != STRING:
        try:
            value = reader.prop.type.parse(value)
        except ODataError as error:
            return reader.fault(error.message)
    if type(value) is int and reader.prop.type == DECIMAL:
        value = Decimal(value)
    if not isinstance(value, reader.prop.type.python):
        return reader.fault(f"{value!r} is no {reader.prop.type.name}")
    return Constant(reader.prop, value)


def _first(reader: Reader, line: Line) -> Codec | None:
    items = line["first"]
    if not isinstance(items, list) or not items:
        return reader.fault('first is not a list such as ["write_date", "create_date"]')
    found = [
        _constant(reader, {"value": item[1:]}) if isinstance(item, str) and item[:1] == "=" else reader.codec(item)
        for item in items
    ]
    codecs = tuple(codec for codec in found if codec is not None)
    return First(reader.prop, codecs) if len(codecs) == len(items) else None


def _joined(reader: Reader, line: Line) -> Codec | None:
    fields, separator, widths = line["fields"], line.get("separator", "/"), line.get("widths")
    padded = line.get("padded", False)
    if not isinstance(fields, list) or len(fields) < 2:
        return reader.fault("fields is not a list of two fields or more")
    if not isinstance(separator, str) or len(separator) != 1 or separator in "_'\"" or separator.isalnum():
        return reader.fault(f"separator is not one character that is no letter, digit or _: {separator!r}")
    if widths is not None and not (
        isinstance(widths, list)
        and len(widths) == len(fields)
        and all(type(width) is int and 0 <= width <= 40 for width in widths)
    ):
        return reader.fault("widths are not as many numbers from 0 (any width) to 40 as there are fields")
    if not isinstance(padded, bool):
        return reader.fault("padded is true or false")
    refs = [reader.ref(name) for name in fields]
    parts = tuple(Part(ref, width) for ref, width in zip(refs, widths or [0] * len(refs), strict=True) if ref)
    ready = len(parts) == len(refs) and reader.typed(STRING)
    return Joined(reader.prop, parts, separator, padded) if ready else None


def _sum(reader: Reader, line: Line) -> Codec | None:
    terms = line["sum"]
    if not isinstance(terms, list) or not all(isinstance(t, str) and t[:1] in ("+", "-") and t[1:] for t in terms):
        return reader.fault('sum is not a list of signed fields such as ["+OnHand", "-Reserved"]')
    refs = [(1 if term[0] == "+" else -1, reader.ref(term[1:])) for term in terms]
    found = tuple((sign, ref) for sign, ref in refs if ref is not None)
    number = reader.prop.type.integral or reader.typed(DECIMAL)
    return Sum(reader.prop, found) if found and len(found) == len(terms) and number else None


#: The first of these that a line has says what it is; ``field`` is for lines that have none.
_KINDS: dict[str, Callable[[Reader, Line], Codec | None]] = {
    "codes": _words,
    "true": _flag,
    "filled": _filled,
    "alpha": _alpha,
    "date": _day,
    "timezone": _local,
    "parse": _number,
    "round": _rounded,
    "polymorphic": _reference,
    "value": _constant,
    "first": _first,
    "fields": _joined,
    "sum": _sum,
    "field": _field,
}
_KEYS = {
    "true": {"field", "true", "false"},
    "value": {"value"},
    "first": {"first"},
    "fields": {"fields", "separator", "widths", "padded"},
    "sum": {"sum"},
    "field": {"field", "trim", "ordered"},
}


# --- around other codecs ----------------------------------------------------------------------------------------------


def _none(reader: Reader, of: Codec, value: object) -> Codec | None:
    refs = of.refs
    if not isinstance(value, list) or not value:
        return reader.fault("none is not a list of values that mean that there is none")
    if len(refs) != 1 or not all(isinstance(item, str | int | date | datetime) for item in value):
        return reader.fault("none is for one field, and a list of texts, numbers or dates")
    return Nothing(of, refs[0], tuple(value))


def _when(reader: Reader, of: Codec, value: object) -> Codec | None:
    if not isinstance(value, Mapping) or len(value) != 1:
        return reader.fault('when is not a table with one field such as { Category = "Trade" }')
    name, codes = next(iter(value.items()))
    ref, found = reader.ref(name), reader.codes("when", codes)
    return When(of, ref, found) if ref is not None and found is not None else None


def _sign(reader: Reader, of: Codec, value: object) -> Codec | None:
    if not reader.prop.type.numeric:
        return reader.fault(f"sign is not for a property of type {reader.prop.type.name}")
    if value == 1:
        return of
    if value == -1:
        return Signed(of)
    if not isinstance(value, Mapping) or value.keys() != {"by", "negative"}:
        return reader.fault(f'sign is neither 1, -1 nor such as {{ by = "TYPE", negative = ["G2"] }}: {value!r}')
    ref, codes = reader.ref(value["by"]), reader.codes("negative", value["negative"])
    return Signed(of, ref, codes) if ref is not None and codes is not None else None


#: Keys that stand beside any of the kinds, from the inside out.
_AROUND: dict[str, Callable[[Reader, Codec, object], Codec | None]] = {"none": _none, "sign": _sign, "when": _when}
