"""Dates and points in time that are stored otherwise than as such: in digits, in text, in two columns, in local time.

A constant becomes what is stored (``fit``), so that the index over the column serves.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Text, and_, case, cast, false, func, literal, not_, or_, true, type_coerce

from edm.primitives import DATE, DATE_TIME_OFFSET
from erp_adapters.sql_codecs import DateDigits, Split, Zoned
from erp_adapters.sql_compare import INVERSE, apply, fit_const, fit_list, known, say_list, wanted_with_null
from erp_adapters.sql_dates import PATTERNS, Dates, Pattern, Times
from erp_adapters.sql_decode import Decoder, day_of_digits
from erp_adapters.sql_fields import Field, stored_text
from erp_adapters.sql_values import Fitted, Form, Kind, Sql, Unsupported, Value, apart, together

#: What a text is made of that says that there is no date.
_NO_DATE = "0 -/."


class DateField(Field):
    """A date in digits or text. 0 and blanks mean none, as null does: ``_absent`` says which those are."""

    @property
    def _pattern(self) -> Pattern:
        assert isinstance(self.codec, DateDigits)
        return PATTERNS[self.codec.pattern]

    @property
    def nullable(self) -> bool:
        return self.prop.nullable or self.columns[0].optional

    @property
    def required(self) -> bool:
        return not self.prop.nullable

    def stored(self) -> Value:
        """The column, with what means none still in it."""
        column = self.columns[0]
        if column.integral and self._pattern.width:
            return Value(column.sql, Form.INT, DATE, column.nullable)
        if column.facts.kind in (Kind.TEXT, Kind.CHAR):
            return stored_text(self.d, column, column.nullable)
        raise Unsupported(f"a column of {column.facts.kind.value} holds no dates of the form {self._pattern.name}")

    def _absent(self) -> Sql:
        """Where there is no date."""
        if not self.nullable:
            return false()
        stored, pattern = self.stored(), self._pattern
        if stored.form is Form.INT:
            none: Sql = stored.sql == literal(0)
        elif pattern.ordered:
            none = stored.sql < self.d.bind(pattern.lowest, stored.form)
        else:
            none = self.d.made_of(cast(stored.stored, Text()), _NO_DATE)
        return or_(none, stored.stored.is_(None)) if stored.nullable else none

    def _there(self) -> Sql:
        if not self.nullable:
            return true()
        stored, pattern = self.stored(), self._pattern
        if stored.form is Form.INT:
            return stored.sql > literal(0)
        if pattern.ordered:
            return stored.sql >= self.d.bind(pattern.lowest, stored.form)
        return not_(self.d.made_of(cast(stored.stored, Text()), _NO_DATE))

    def _written(self, day: date) -> tuple[Any, ...]:
        """What is stored for the day."""
        texts = self._pattern.spellings(day)
        return tuple(int(text) for text in texts) if self.form()[0] is Form.INT else texts

    # --- comparisons --------------------------------------------------------------------------------------------

    def fit(self, op: str, const: Any) -> Fitted:
        if const is None:
            return Fitted("null")
        if op in ("eq", "ne"):
            return self.fit_list((const,))
        pattern, (form, _) = self._pattern, self.form()
        if not pattern.ordered:
            raise Unsupported(f"dates of the form {pattern.name} do not sort as they are stored")
        low, high = pattern.span
        if not low <= const <= high:
            return Fitted((const < low) == (op in ("gt", "ge")))
        return fit_const(self.d, form, 0, op, self._written(const)[0])

    def fit_list(self, items: Sequence[Any]) -> Fitted:
        stored = [text for item in items if item is not None for text in self._written(item)]
        return fit_list(self.d, *self.form(), [*stored, *([None] if None in items else [])])

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if kind == "null":
            wanted = wanted_with_null(op)
            if wanted is None:
                return true() if negated else false()
            return self._absent() if wanted != negated else self._there()
        if op in ("eq", "ne"):
            return self.say_list(kind, stored, negated=negated == (op == "eq"))
        if isinstance(kind, bool):
            return known(op, kind, negated, self._absent, self._there)
        column = self.stored()
        asked = INVERSE[op] if negated else op
        sql = apply(asked, column.sql, self.d.bind(stored[0], column.form))
        if negated:  # what means none lies below every date
            parts = [self._absent()] if asked in ("gt", "ge") and self.nullable else []
            return or_(sql, *parts, *([column.stored.is_(None)] if column.nullable and not parts else []))
        return and_(sql, self._there()) if asked in ("lt", "le") and self.nullable else sql

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        nullable, listed = kind
        column = self.stored()
        sql = say_list(self.d, replace(column, nullable=False), (False, listed), stored, negated=negated)
        if nullable:
            return and_(sql, self._there()) if negated else or_(sql, self._absent())
        return or_(sql, column.stored.is_(None)) if negated and column.nullable and listed not in ("none", ()) else sql

    # --- as a value ---------------------------------------------------------------------------------------------

    def value(self) -> Value:
        """As the integer yyyymmdd, where SQL can say it."""
        stored, name = self.stored(), self._pattern.name
        if stored.form is Form.INT:
            digits = _DIGITS.get(name)
            if digits is None:
                raise Unsupported(f"dates of the form {name} are compared with constants only")
            if name == "yyyymmdd":
                return self._plain_digits()
            return self._optional(digits(self.d.wide(stored.sql)))
        if name not in ("yyyymmdd", "yyyy-mm-dd"):
            raise Unsupported(f"dates of the form {name} are compared with constants only")
        text: Sql = cast(stored.stored, Text())
        if name == "yyyy-mm-dd":
            text = func.replace(text, self.d.bind("-", Form.TEXT), self.d.bind("", Form.TEXT))
        return self._optional(cast(text, BigInteger()))

    def _optional(self, sql: Sql) -> Value:
        if self.nullable:
            sql = type_coerce(case((self._there(), sql)), BigInteger())
        return Value(sql, Form.DIGITS, DATE, self.nullable)

    def _plain_digits(self) -> Value:
        column = self.columns[0]
        if not self.nullable:
            return Value(column.sql, Form.DIGITS, DATE, nullable=False)
        sql = func.nullif(column.sql, literal(0))
        return Value(sql, Form.DIGITS, DATE, True, raw=column.sql, raw_nullable=column.nullable)

    def order(self) -> tuple[Value, ...]:
        stored = self.stored()
        if not self._pattern.ordered:
            return (self.value(),)
        if not self.nullable or (stored.form is Form.INT and not stored.nullable):
            return (replace(stored, nullable=False),)  # 0 is the lowest, as null is
        if stored.form is Form.INT:
            return (replace(stored, sql=func.nullif(stored.sql, literal(0)), raw=None, nullable=True),)
        sql = self.d.by_code_point(case((self._there(), cast(stored.stored, Text()))))
        return (Value(sql, Form.TEXT, DATE, nullable=True),)

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        column = self.columns[0]
        if self._pattern.name == "yyyymmdd" and column.integral:
            return (column.sql,), day_of_digits
        return (column.sql,), Dates(self._pattern, column.facts).__getitem__


#: Integers of other forms as yyyymmdd.
_DIGITS: dict[str, Any] = {
    "yyyymmdd": lambda sql: sql,
    "cyymmdd": lambda sql: sql + literal(19_000_000, BigInteger()),
    "ddmmyyyy": lambda sql: (
        sql % literal(10_000, BigInteger()) * literal(10_000, BigInteger())
        + sql // literal(10_000, BigInteger()) % literal(100, BigInteger()) * literal(100, BigInteger())
        + sql // literal(1_000_000, BigInteger())
    ),
    "mmddyyyy": lambda sql: (
        sql % literal(10_000, BigInteger()) * literal(10_000, BigInteger()) + sql // literal(10_000, BigInteger())
    ),
}


# --- points in time ---------------------------------------------------------------------------------------------------


class ZonedField(Field):
    """A timestamp in UTC without zone."""

    def value(self) -> Value:
        return Value(self.columns[0].sql, Form.STAMP, DATE_TIME_OFFSET, self.nullable)


#: By how much local time can stand still or jump (the widest known are 24 h, at the date line).
_SLACK = timedelta(hours=25)


class _Widened(Field):
    """A point in time of which the database can tell the order of something coarser: a comparison takes more on either
    side, and leaves the rest to the engine."""

    @property
    def approximate(self) -> bool:
        return True

    @abstractmethod
    def coarse(self) -> Field:
        """What the database compares."""

    @abstractmethod
    def edge(self, const: datetime, direction: int) -> Any:
        """The coarse value that surely is not behind (or, with ``direction`` 1, before) what is stored for ``const``.
        ``OverflowError`` where there is none."""

    def value(self) -> Value:
        raise Unsupported("local time repeats an hour when the clock is set back")

    def fit(self, op: str, const: Any) -> Fitted:
        """The kind: those of both edges, and which values are whose."""
        if const is None:
            return self.coarse().fit(op, None)
        low, high = self._side("ge", const, -1), self._side("le", const, 1)
        return Fitted(("between", low.kind, len(low.values), high.kind), (*low.values, *high.values))

    def _side(self, op: str, const: datetime, direction: int) -> Fitted:
        try:
            edge = self.edge(const, direction)
        except OverflowError:
            return Fitted(True)
        return self.coarse().fit(op, edge)

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        coarse = self.coarse()
        if not isinstance(kind, tuple):
            return coarse.say(op, kind, stored, negated=negated)
        if negated and op in INVERSE and op not in ("eq", "ne"):
            return or_(self.say(INVERSE[op], kind, stored), coarse.say("eq", "null", ()))
        if negated or op == "ne":
            raise Unsupported("what is surely another point in time is not known")
        _, low, size, high = kind
        parts = []
        if op in ("eq", "gt", "ge"):
            parts.append(coarse.say("ge", low, stored[:size]))
        if op in ("eq", "lt", "le"):
            parts.append(coarse.say("le", high, stored[size:]))
        return and_(*parts)

    def fit_list(self, items: Sequence[Any]) -> Fitted:
        return together([self.fit("eq", item) for item in items])

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if negated:
            raise Unsupported("what is surely another point in time is not known")
        return or_(false(), *(self.say("eq", one, values) for one, values in apart(kind, stored)))


class LocalField(_Widened):
    """A local timestamp of another zone. Around changes of the clock its order is not that of the points in time."""

    def coarse(self) -> Field:
        return ZonedField(self.d, self.prop, self.codec, self.columns, self.present)

    def edge(self, const: datetime, direction: int) -> Any:
        assert isinstance(self.codec, Zoned)
        return const.astimezone(ZoneInfo(self.codec.zone)).replace(tzinfo=UTC) + direction * _SLACK


class SplitField(_Widened):
    """A date and a time of day: the database compares the date."""

    @property
    def _split(self) -> Split:
        assert isinstance(self.codec, Split)
        return self.codec

    @property
    def nullable(self) -> bool:
        return self.coarse().nullable

    @property
    def required(self) -> bool:
        return not self.prop.nullable

    def coarse(self) -> Field:
        codec = DateDigits(self._split.column, self._split.pattern)
        return DateField(self.d, self.prop, codec, self.columns[:1], self.present)

    def edge(self, const: datetime, direction: int) -> Any:
        return (const.astimezone(ZoneInfo(self._split.zone)) + direction * _SLACK).date()

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        days = Dates(PATTERNS[self._split.pattern], self.columns[0].facts)
        times = Times(self._split.clock)
        zone = ZoneInfo(self._split.zone)

        def decode(day: Any, clock: Any) -> datetime | None:
            found = days[day]
            if found is None:
                return None
            local = datetime(found.year, found.month, found.day, tzinfo=zone) + times[clock]
            return local.astimezone(UTC)

        return tuple(column.sql for column in self.columns), decode
