"""What is stored finer or otherwise than it is published: the day of a timestamp, timestamps that SQLite holds as text
in other forms than SQLAlchemy's, numbers that are rounded.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Date, and_, cast, false, func, or_, true

from edm.meanings import EXACT
from edm.primitives import DATE, DATE_TIME_OFFSET, DECIMAL
from erp_adapters.sql_codecs import TextStamp
from erp_adapters.sql_compare import fit_const, say_const, with_null
from erp_adapters.sql_dates import STAMP_FORMS
from erp_adapters.sql_decode import Decoder, float_decimal, zoned
from erp_adapters.sql_fields import Field
from erp_adapters.sql_values import Fitted, Form, Sql, Unsupported, Value

_DAY = timedelta(days=1)


class StampDayField(Field):
    """The day of a timestamp without zone. A day is the range from its midnight to the next, which an index knows; as
    text, ``2026-11-23`` lies before every time of that day.
    """

    def bound(self) -> Value:
        """The column, to be compared with days."""
        column = self.columns[0]
        return Value(column.sql, Form.DAY, DATE, column.nullable)

    def value(self) -> Value:
        sql = self.columns[0].sql
        day = func.substr(sql, 1, 10) if self.d.name == "sqlite" else cast(sql, Date())
        return Value(day, Form.DAY, DATE, self.nullable)

    def _from(self, op: str, day: date) -> tuple[Any, ...]:
        """(operator, kind, values) of a comparison with a midnight."""
        fitted = fit_const(self.d, Form.DAY, 0, op, day)
        return (op, fitted.kind, *fitted.values)

    def fit(self, op: str, const: Any) -> Fitted:
        if const is None:
            return Fitted("null")
        parts: list[tuple[Any, ...]] = []
        if op in ("eq", "ne", "ge"):
            parts.append(self._from("ge", const))
        if op == "lt":
            parts.append(self._from("lt", const))
        if op in ("eq", "ne", "le", "gt"):
            if const == date.max:
                parts += [("ge", op != "gt")] if op in ("le", "gt") else []
            else:
                parts.append(self._from("ge" if op == "gt" else "lt", const + _DAY))
        kinds = tuple((part[0], part[1]) for part in parts)
        return Fitted(kinds, tuple(value for part in parts for value in part[2:]))

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        bound = self.bound()
        if kind == "null":
            return with_null(bound, op, negated)
        other = negated != (op == "ne")
        parts, at = [], 0
        for asked, fitted in kind:
            size = 0 if isinstance(fitted, bool) else 1
            parts.append(say_const(self.d, asked, bound, fitted, stored[at : at + size], negated=other))
            at += size
        return or_(false(), *parts) if other else and_(true(), *parts)

    def fit_list(self, items: Sequence[Any]) -> Fitted:
        fitted = [self.fit("eq", item) for item in items]
        kinds = tuple((one.kind, len(one.values)) for one in fitted)
        return Fitted(kinds, tuple(value for one in fitted for value in one.values))

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        parts, at = [], 0
        for one, size in kind:
            parts.append(self.say("eq", one, stored[at : at + size], negated=negated))
            at += size
        return and_(true(), *parts) if negated else or_(false(), *parts)

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        return (self.columns[0].sql,), _day_of


def _day_of(value: Any) -> date | None:
    """The day of a timestamp as the driver returns it."""
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if moment.tzinfo is not None:
        raise TypeError("has a time zone")
    return moment.date()


class TextStampField(Field):
    """A timestamp in UTC as text of seconds. What SQL compares is its form with a fraction, so no index serves."""

    @property
    def _stamp(self) -> TextStamp:
        assert isinstance(self.codec, TextStamp)
        return self.codec

    def value(self) -> Value:
        if self._stamp.zone != "UTC" or self.d.name != "sqlite":
            raise Unsupported("local time, or a timestamp in text, is compared here")
        text: Sql = self.columns[0].sql
        if self._stamp.form == "iso":
            text = func.replace(text, self.d.bind("T", Form.TEXT), self.d.bind(" ", Form.TEXT))
        return Value(text.concat(self.d.bind(".000000", Form.TEXT)), Form.STAMP, DATE_TIME_OFFSET, self.nullable)

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        local, form = zoned(self._stamp.zone), STAMP_FORMS[self._stamp.form]

        def decode(text: Any) -> Any:
            if text is None:
                return None
            moment = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the mapping's
            if moment.strftime(form) != text:
                raise ValueError(f"not of the form {form}")
            return local(moment) if self._stamp.zone != "UTC" else moment.replace(tzinfo=UTC)

        return (self.columns[0].sql,), decode


class RoundedField(Field):
    """A number with more digits than the property has. Comparisons are of what is published, so they are made here."""

    def value(self) -> Value:
        raise Unsupported("a number that is rounded is compared here")

    def fit(self, op: str, const: Any) -> Fitted:
        return Fitted("null") if const is None else super().fit(op, const)

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if kind == "null":
            column = self.columns[0]
            return with_null(Value(column.sql, Form.FLOAT, DECIMAL, column.nullable), op, negated)
        return super().say(op, kind, stored, negated=negated)

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        unit = Decimal(1).scaleb(-(self.prop.scale or 0))
        limit = Decimal(10) ** ((self.prop.precision or 18) - (self.prop.scale or 0))

        def decode(value: Any) -> Decimal | None:
            if value is None:
                return None
            number = value if isinstance(value, Decimal) else float_decimal(value)
            found = number.quantize(unit, ROUND_HALF_UP, EXACT)
            if not -limit < found < limit:
                raise ValueError("more digits than the property has")
            return found

        return (self.columns[0].sql,), decode
