"""Numbers that are stored otherwise than as such: with implied decimals, signs by another column, as sums and products.

A constant becomes what is stored, for each of the ways in which the row may store it, so that the index over the column
serves.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, and_, case, false, func, literal, or_, true, type_coerce

from edm.expressions import Call
from edm.meanings import EXACT, divide_decimal
from edm.model import Property
from edm.primitives import DECIMAL
from erp_adapters.sql_codecs import Amount, Places, Scaled, Signs, Sum
from erp_adapters.sql_compare import SWAPPED, fit_const, fit_list, say_const, say_list
from erp_adapters.sql_decode import Decoder, code_text, decoder, float_decimal, integer, whole
from erp_adapters.sql_fields import Column, Field
from erp_adapters.sql_fields_codes import coded
from erp_adapters.sql_values import Fitted, Form, Kind, Sql, Unsupported, Value, apart, together


class ScaledField(Field):
    """An integer with implied decimals: constants are scaled, the column is not."""

    def value(self) -> Value:
        assert isinstance(self.codec, Scaled)
        return Value(self.columns[0].sql, Form.INT, DECIMAL, self.nullable, self.codec.decimals)


# --- sums -------------------------------------------------------------------------------------------------------------


class SumField(Field):
    """A signed sum: in 64 bits of integers, exactly of other numbers."""

    @property
    def _sum(self) -> Sum:
        assert isinstance(self.codec, Sum)
        return self.codec

    @property
    def nullable(self) -> bool:
        return self.present is not None

    @property
    def required(self) -> bool:
        return False

    @property
    def _integers(self) -> bool:
        return all(column.facts.kind is Kind.INTEGER for column in self.columns)

    def value(self) -> Value:
        value = self._of_integers() if self._integers else self._of_numbers()
        if self.present is None:
            return value
        return replace(value, sql=self.d.choice([(self.present, value.sql)], value.form), nullable=True)

    def _of_integers(self) -> Value:
        sql: Any = None
        for (sign, _), column in zip(self._sum.terms, self.columns, strict=True):
            term = self.d.wide(column.sql)
            if column.nullable:
                term = func.coalesce(term, literal(0, BigInteger()))
            if sql is None:
                sql = term if sign > 0 else -term
            else:
                sql = sql + term if sign > 0 else sql - term
        return Value(sql, Form.INT, self.prop.type, nullable=False, scale=self._sum.decimals)

    def _of_numbers(self) -> Value:
        found = self.d.constant(Decimal(0), DECIMAL)
        for (sign, _), column in zip(self._sum.terms, self.columns, strict=True):
            term = number_value(self, column)
            if column.nullable:
                term = replace(term, sql=func.coalesce(term.sql, literal(0)), nullable=False)
            found = self.d.row(Call("add" if sign > 0 else "sub", (), DECIMAL), [found, term])
        if self._sum.decimals:
            unit = self.d.constant(Decimal(1).scaleb(-self._sum.decimals), DECIMAL)
            found = self.d.row(Call("mul", (), DECIMAL), [found, unit])
        return replace(found, type=self.prop.type)

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        if self._integers:
            return (self.value().sql,), decoder(self.codec, self.prop, ())
        signs, decimals = [sign for sign, _ in self._sum.terms], self._sum.decimals
        fit = number_of(self.prop)

        def decode(present: Any, *terms: Any) -> Any:
            if not present:
                return None
            found = Decimal(0)
            for sign, term in zip(signs, terms, strict=True):
                if term is not None:
                    found = EXACT.add(found, EXACT.multiply(exact(term), Decimal(sign)))
            return fit(EXACT.scaleb(found, -decimals))

        there = literal(1) if self.present is None else case((self.present, literal(1)), else_=literal(0))
        return (there, *(column.sql for column in self.columns)), decode


def number_value(field: Field, column: Column) -> Value:
    """A column of numbers as it is."""
    if column.facts.kind is Kind.INTEGER:
        return Value(column.sql, Form.INT, DECIMAL, column.nullable, digits=column.facts.room())
    if column.facts.kind is Kind.NUMERIC:
        return Value(column.sql, field.d.decimals, DECIMAL, column.nullable, digits=column.facts.room())
    raise Unsupported(f"a column of {column.facts.kind.value} holds no exact numbers")


def exact(value: Any) -> Decimal:
    """A stored number."""
    return value if isinstance(value, Decimal) else float_decimal(value)


def _whole(value: Any) -> Decimal:
    return Decimal(whole(value))


def number_of(prop: Property) -> Decoder:
    """What checks that a number is one of the property's."""
    if prop.type.integral:
        return integer(prop.type)
    unit = Decimal(1).scaleb(-(prop.scale or 0))
    limit = Decimal(10) ** (prop.precision - (prop.scale or 0)) if prop.precision else Decimal("Infinity")

    def check(value: Decimal) -> Decimal:
        number = value.quantize(unit, context=EXACT)
        if number != value or not -limit < number < limit:
            raise ValueError("more digits than the property has")
        return number or number.copy_abs()  # no -0

    return check


# --- amounts ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """Rows that store their numbers alike: where (said when asked), with how many implied decimals, of which sign."""

    where: tuple[Callable[[], Sql], ...]
    places: int
    sign: int

    def there(self) -> Sql:
        """The condition of these rows."""
        return and_(true(), *(where() for where in self.where))

    def stored(self, value: Any) -> Any:
        """What is stored for a value."""
        return None if value is None else EXACT.multiply(EXACT.scaleb(Decimal(value), self.places), Decimal(self.sign))

    def asked(self, op: str) -> str:
        return op if self.sign > 0 else SWAPPED[op]


class AmountField(Field):
    """A number whose decimals and sign another column tells. A comparison is one for each way of storing it, and the
    way of the row. With factors the comparison is that of the product."""

    @property
    def _amount(self) -> Amount:
        assert isinstance(self.codec, Amount)
        return self.codec

    @property
    def _factors(self) -> tuple[Column | None, Column | None]:
        """The columns to multiply with and to divide by; they are the last ones."""
        given = list(self.columns)
        per = given.pop() if self._amount.per is not None else None
        return (given.pop() if self._amount.times is not None else None), per

    @property
    def nullable(self) -> bool:
        found = [self.columns[0], *(column for column in self._factors if column is not None)]
        return self._amount.per is not None or any(
            column.optional or (self.prop.nullable and column.nullable) for column in found
        )

    @property
    def required(self) -> bool:
        return not self.prop.nullable

    def _column(self) -> Value:
        value = number_value(self, self.columns[0])
        return replace(value, nullable=self.columns[0].nullable)

    # --- the ways of storing ------------------------------------------------------------------------------------

    def _cases(self) -> list[_Case]:
        return [_Case((*a, *b), places, sign) for a, places in self._places() for b, sign in self._signs()]

    def _places(self) -> list[tuple[tuple[Callable[[], Sql], ...], int]]:
        decimals = self._amount.decimals
        if not isinstance(decimals, Places):
            return [((), decimals or 0)]
        column = self.columns[1]
        if decimals.values is None:
            return list(self._numbered(decimals, column))
        groups: dict[int, list[str]] = {}
        for code, places in decimals.values.items():
            if places != decimals.default:
                groups.setdefault(places, []).append(code)
        listed = partial(coded, self.d, column)
        found = [((partial(listed, codes),), places) for places, codes in groups.items()]
        others = [code for codes in groups.values() for code in codes]
        return [*found, ((partial(listed, others, negated=True),), decimals.default)]

    def _numbered(self, decimals: Places, column: Column) -> Iterator[tuple[tuple[Callable[[], Sql], ...], int]]:
        """Every number of decimals that the property has room for."""

        def counted(count: int) -> Sql:
            number = number_value(self, column)
            where = number.sql == literal(count)
            unknown = count == decimals.default and column.nullable
            return or_(where, number.sql.is_(None)) if unknown else where

        for count in range((self.prop.scale or 0) + decimals.stored + 1):
            yield (partial(counted, count),), count - decimals.stored

    def _signs(self) -> list[tuple[tuple[Callable[[], Sql], ...], int]]:
        sign = self._amount.sign
        if not isinstance(sign, Signs):
            return [((), sign)]
        column = self.columns[2 if isinstance(self._amount.decimals, Places) else 1]
        listed = partial(coded, self.d, column, sign.negative)
        return [((partial(listed, negated=True),), 1), ((listed,), -1)]

    # --- comparisons --------------------------------------------------------------------------------------------

    @property
    def _whole(self) -> bool:
        """Whether only the product can be compared."""
        return any(column is not None for column in self._factors)

    def _form_of(self, one: _Case) -> tuple[Form, int]:
        form, _ = self.form()
        return form, max((self.prop.scale or 0) - one.places, 0) if form is Form.APPROX else 0

    def stored(self) -> Value:
        return self.value() if self._whole else self._column()

    def fit(self, op: str, const: Any) -> Fitted:
        if self._whole or const is None:
            return super().fit(op, const)
        return together(
            [fit_const(self.d, *self._form_of(one), one.asked(op), one.stored(const)) for one in self._cases()]
        )

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if self._whole or kind == "null":
            return super().say(op, kind, stored, negated=negated)
        column = self._column()
        parts = [
            and_(one.there(), say_const(self.d, one.asked(op), column, part, values, negated=negated))
            for one, (part, values) in zip(self._cases(), apart(kind, stored), strict=True)
        ]
        return or_(false(), *parts)

    def fit_list(self, items: Sequence[Any]) -> Fitted:
        if self._whole:
            return super().fit_list(items)
        return together(
            [fit_list(self.d, *self._form_of(one), [one.stored(item) for item in items]) for one in self._cases()]
        )

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if self._whole:
            return super().say_list(kind, stored, negated=negated)
        column = self._column()
        parts = [
            and_(one.there(), say_list(self.d, column, part, values, negated=negated))
            for one, (part, values) in zip(self._cases(), apart(kind, stored), strict=True)
        ]
        return or_(false(), *parts)

    # --- as a value ---------------------------------------------------------------------------------------------

    def value(self) -> Value:
        found, cases = self._column(), self._cases()
        if len(cases) > 1 or (cases[0].places, cases[0].sign) != (0, 1):
            found = self._times(found, self._unit(cases))
        times, per = self._factors
        if times is not None:
            found = self._times(found, number_value(self, times))
        if per is not None:
            found = self.d.row(Call("div", (), DECIMAL), [found, number_value(self, per)])
        if times is not None or per is not None:
            found = self._rounded(found)
        return replace(found, type=self.prop.type, nullable=self.nullable)

    def _times(self, a: Value, b: Value) -> Value:
        return self.d.row(Call("mul", (), DECIMAL), [a, b])

    def _unit(self, cases: Sequence[_Case]) -> Value:
        """What a stored 1 means."""
        units = [Decimal(one.sign).scaleb(-one.places) for one in cases]
        if len(cases) == 1:
            return self.d.constant(units[0], DECIMAL)
        pairs = [(one.there(), self.d.bind(unit, Form.EXACT)) for one, unit in zip(cases, units, strict=True)]
        sql: Sql = self.d.choice(pairs, Form.EXACT)
        places = [one.places for one in cases]
        digits = (max(1, 1 - min(places)), max(0, *places))
        return Value(type_coerce(sql, self.d.binds[Form.EXACT][0]), Form.EXACT, DECIMAL, nullable=True, digits=digits)

    def _rounded(self, value: Value) -> Value:
        scale = self.prop.scale or 0
        up, down = (self.d.constant(Decimal(1).scaleb(places), DECIMAL) for places in (scale, -scale))
        return self._times(self.d.row(Call("round", (), DECIMAL), [self._times(value, up)]), down)

    # --- reading ------------------------------------------------------------------------------------------------

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        return tuple(column.sql for column in self.columns), _Amounts(self._amount, self.prop, self.columns).read


class _Amounts:
    """Reads amounts."""

    def __init__(self, codec: Amount, prop: Property, columns: Sequence[Column]) -> None:
        self._codec, self._fit = codec, number_of(prop)
        self._unit = Decimal(1).scaleb(-(prop.scale or 0))
        self._most = prop.scale or 0
        self._exact = exact if columns[0].facts.kind is not Kind.INTEGER else _whole
        self._padded = [column.facts.kind is Kind.CHAR for column in columns]

    def read(self, value: Any, *others: Any) -> Any:
        """The amount from the columns of the codec."""
        if value is None:
            return None
        given = list(others)
        codec, at = self._codec, 1
        places, sign = codec.decimals or 0, codec.sign
        if isinstance(places, Places):
            places = self._places(places, given.pop(0), at)
            at += 1
        if isinstance(sign, Signs):
            sign = -1 if self._code(given.pop(0), at) in sign.negative else 1
        found: Decimal | None = EXACT.multiply(EXACT.scaleb(self._exact(value), -places), Decimal(sign))
        if not given:
            return self._fit(found)
        if codec.times is not None and found is not None:
            factor = given.pop(0)
            found = None if factor is None else EXACT.multiply(found, exact(factor))
        if codec.per is not None and found is not None:
            divisor = given.pop(0)
            found = None if divisor is None else divide_decimal(found, exact(divisor))
        return None if found is None else self._fit(found.quantize(self._unit, ROUND_HALF_UP, EXACT))

    def _code(self, value: Any, at: int) -> str | None:
        if value is None:
            return None
        text = code_text(value)
        return text.rstrip(" ") if self._padded[at] else text

    def _places(self, places: Places, value: Any, at: int) -> int:
        if places.values is not None:
            return places.values.get(self._code(value, at) or "", places.default)
        count = places.default if value is None else whole(value)
        if not 0 <= count <= self._most + places.stored:
            raise ValueError(f"{count} decimals, but the property has {self._most}")
        return count - places.stored
