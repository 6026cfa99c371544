"""What stands around any codec: values that mean none, and rows that have none.

Said in comparisons of the codec within, so that whatever its index answers it still answers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Integer, and_, case, false, literal, or_, true

from edm.functions import FUNCTIONS
from edm.primitives import STRING
from erp_adapters.sql_codecs import Nothing, When
from erp_adapters.sql_compare import wanted_with_null
from erp_adapters.sql_decode import Decoder
from erp_adapters.sql_fields import Column, Field
from erp_adapters.sql_fields_codes import coded
from erp_adapters.sql_values import Fitted, Form, Sql, Unsupported, Value


@dataclass(frozen=True, slots=True, eq=False)
class NothingField(Field):
    """Some values of ``inner`` mean none. ``marks`` tells them, from what is stored: it is ``inner`` itself, but for
    points in time in another zone."""

    inner: Field | None = None
    marks: Field | None = None

    @property
    def _inner(self) -> Field:
        assert self.inner is not None
        return self.inner

    @property
    def _marks(self) -> Field:
        assert self.marks is not None
        return self.marks

    @property
    def _values(self) -> tuple[Any, ...]:
        assert isinstance(self.codec, Nothing)
        return self.codec.values

    @property
    def approximate(self) -> bool:
        return self._inner.approximate

    @property
    def nullable(self) -> bool:
        return True

    @property
    def required(self) -> bool:
        return False

    def _none(self, *, negated: bool = False) -> Sql:
        return self._marks.one_of((*self._values, None), negated=negated)

    def _marked(self, values: Sequence[Any], *, negated: bool = False) -> Sql:
        return self._marks.one_of(values, negated=negated)

    # --- comparisons --------------------------------------------------------------------------------------------

    def fit(self, op: str, const: Any) -> Fitted:
        """The kind: that of ``inner``, and the values to leave out because the comparison is true of them."""
        if const is None:
            return Fitted("null")
        if op in ("eq", "ne"):
            fitted = self._inner.fit(op, const)
            return Fitted(("never", None) if self._means_none(const) else (fitted.kind, ()), fitted.values)
        fitted = self._inner.fit(op, const)
        return Fitted((fitted.kind, self._met(op, const)), fitted.values)

    def _means_none(self, const: Any) -> bool:
        return self.marks is self.inner and const in self._values

    def _met(self, op: str, const: Any) -> tuple[Any, ...]:
        """The values that mean none of which the comparison is true, or may be."""
        if self.marks is not self.inner:
            return self._values
        return tuple(value for value in self._values if FUNCTIONS[op].evaluate(value, const))

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if kind == "null":
            wanted = wanted_with_null(op)
            if wanted is None:
                return true() if negated else false()
            return self._none(negated=wanted == negated)
        inner, met = kind
        if met is None:
            return true() if negated == (op == "eq") else false()
        sql = self._inner.say(op, inner, stored, negated=negated)
        if not met:
            return sql
        return or_(sql, self._marked(met)) if negated else and_(sql, self._marked(met, negated=True))

    def fit_list(self, items: Sequence[Any]) -> Fitted:
        others = [item for item in items if item is not None and not self._means_none(item)]
        fitted = self._inner.fit_list(others)
        return Fitted((None in items, fitted.kind), fitted.values)

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        nullable, inner = kind
        sql = self._inner.say_list(inner, stored, negated=negated)
        if self.marks is not self.inner and not negated:
            sql = and_(sql, self._marked(self._values, negated=True))
        if not nullable:
            return sql
        return and_(sql, self._none(negated=True)) if negated else or_(sql, self._none())

    # --- as a value ---------------------------------------------------------------------------------------------

    def value(self) -> Value:
        return self._without(self._inner.value())

    def _without(self, value: Value) -> Value:
        sql = self.d.choice([(self._none(negated=True), value.sql)], value.form)
        if value.form is Form.TEXT:
            sql = self.d.by_code_point(sql)
        return replace(value, sql=sql, raw=None, nullable=True)

    def order(self) -> tuple[Value, ...]:
        values = self._inner.order()
        if len(values) != 1:
            raise Unsupported("parts that are none where the whole is")
        if self.prop.type == STRING and self._values == ("",) and not values[0].nullable:
            return values  # the lowest of all texts, as null is
        return (self._without(values[0]),)

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        sources, decode = self._inner.output()
        _, mark = self._marks.output()
        none = frozenset(self._values)

        def absent(given: tuple[Any, ...]) -> bool:
            return (given[0] if mark is None else mark(*given[: len(self._marks.columns)])) in none

        def read(*given: Any) -> Any:
            if absent(given):
                return None
            if decode is not None:
                return decode(*given)
            if given[0] is not None and type(given[0]) is not self.prop.type.python:
                raise TypeError("a value of another type")
            return given[0]

        return sources, read


@dataclass(frozen=True, slots=True, eq=False)
class WhenField(Field):
    """The value of ``inner`` where other columns have some codes; else null."""

    inner: Field | None = None

    @property
    def _inner(self) -> Field:
        assert self.inner is not None
        return self.inner

    @property
    def approximate(self) -> bool:
        return self._inner.approximate

    @property
    def nullable(self) -> bool:
        return True

    @property
    def required(self) -> bool:
        return False

    def _holds(self) -> Sql:
        return and_(*(coded(self.d, column, codes) for column, codes in self._conditions()))

    def _fails(self) -> Sql:
        return or_(*(coded(self.d, column, codes, negated=True) for column, codes in self._conditions()))

    def _conditions(self) -> Iterator[tuple[Column, tuple[str, ...]]]:
        assert isinstance(self.codec, When)
        conditions = self.codec.conditions
        columns = self.columns[len(self.columns) - len(conditions) :]
        return zip(columns, (codes for _, codes in conditions), strict=True)

    def _said(self, sql: Sql, of_null: bool) -> Sql:
        """``sql`` where the condition holds; elsewhere what the comparison is of null."""
        return or_(sql, self._fails()) if of_null else and_(self._holds(), sql)

    # --- comparisons --------------------------------------------------------------------------------------------

    def fit(self, op: str, const: Any) -> Fitted:
        """The kind: that of ``inner``, and whether the comparison is true of null."""
        fitted = self._inner.fit(op, const)
        return Fitted((fitted.kind, FUNCTIONS[op].evaluate(None, const)), fitted.values)

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        inner, of_null = kind
        return self._said(self._inner.say(op, inner, stored, negated=negated), of_null != negated)

    def fit_list(self, items: Sequence[Any]) -> Fitted:
        fitted = self._inner.fit_list(items)
        return Fitted((fitted.kind, None in items), fitted.values)

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        inner, of_null = kind
        return self._said(self._inner.say_list(inner, stored, negated=negated), of_null != negated)

    def truth(self, *, negated: bool = False) -> Sql:
        return and_(self._holds(), self._inner.truth(negated=negated))

    # --- as a value ---------------------------------------------------------------------------------------------

    def value(self) -> Value:
        return self._where(self._inner.value())

    def _where(self, value: Value) -> Value:
        sql = self.d.choice([(self._holds(), value.sql)], value.form)
        if value.form is Form.TEXT:
            sql = self.d.by_code_point(sql)
        return replace(value, sql=sql, raw=None, nullable=True)

    def order(self) -> tuple[Value, ...]:
        return tuple(self._where(value) for value in self._inner.order())

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        sources, decode = self._inner.output()
        kind = self.prop.type.python

        def read(holds: Any, *given: Any) -> Any:
            if not holds:
                return None
            if decode is not None:
                return decode(*given)
            if given[0] is not None and type(given[0]) is not kind:
                raise TypeError("a value of another type")
            return given[0]

        return (case((self._holds(), literal(1, Integer())), else_=literal(0, Integer())), *sources), read
