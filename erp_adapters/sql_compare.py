"""Comparisons in SQL: two-valued, as Edm's are, and in the stored form of a column, so that indexes serve.

A comparison with a constant takes two steps. To *fit* it is to look at the constant: what is asked of the stored form.
To *say* it is to write SQL, which depends on nothing but the kind of question, so that one statement does for all
constants of a kind.

Every function that says something gives SQL that is true exactly where the comparison is (``negated``: exactly where it
is false); elsewhere it may be false or null, which a WHERE does not tell apart.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, false, literal, not_, or_, true
from sqlalchemy.sql.elements import False_, True_

from edm.meanings import EXACT
from erp_adapters.dialects_base import Dialect
from erp_adapters.sql_values import (
    INT64_HIGH,
    INT64_LOW,
    NUMBERS,
    Fitted,
    Form,
    Sql,
    Unsupported,
    Value,
    scaled_integer,
)

#: The same comparison with its operands exchanged.
SWAPPED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
#: The comparison that is true where this one is false, for operands that are not null.
INVERSE = {"eq": "ne", "ne": "eq", "gt": "le", "ge": "lt", "lt": "ge", "le": "gt"}
#: What a comparison with a null constant asks of the other operand.
_WITH_NULL = {"eq": True, "ge": True, "le": True, "ne": False, "gt": None, "lt": None}


def apply(op: str, left: Sql, right: Sql) -> Sql:
    """The bare SQL comparison."""
    match op:
        case "eq":
            return left == right
        case "ne":
            return left != right
        case "gt":
            return left > right
        case "ge":
            return left >= right
        case "lt":
            return left < right
        case _:
            return left <= right


def is_null(value: Value) -> Sql:
    if value.form is Form.DIGITS and value.raw is not None and value.nullable:
        zero = value.raw == literal(0)
        return or_(zero, value.raw.is_(None)) if value.raw_nullable else zero
    return value.stored.is_(None) if value.nullable else false()


def not_null(value: Value) -> Sql:
    if value.form is Form.DIGITS and value.raw is not None and value.nullable:
        return value.raw > literal(0)
    return value.stored.is_not(None) if value.nullable else true()


def with_null(value: Value, op: str, negated: bool) -> Sql:
    """``value op null``."""
    wanted = _WITH_NULL[op]
    if wanted is None:
        return true() if negated else false()
    return is_null(value) if wanted != negated else not_null(value)


# With a constant


def compare_const(d: Dialect, op: str, value: Value, const: Any, *, negated: bool = False) -> Sql:
    """``value op const``."""
    fitted = fit_const(d, value.form, value.scale, op, const)
    return say_const(d, op, value, fitted.kind, fitted.values, negated=negated)


def fit_const(d: Dialect, form: Form, scale: int, op: str, const: Any) -> Fitted:
    """What ``op const`` asks of a value in that form: its one answer for everything but null, or a comparison."""
    if const is None:
        return _NULL
    fitted = _FITS.get(form, _fit_as_it_is)(d, op, const, form, scale)
    if isinstance(fitted, bool):
        return _ALWAYS if fitted else _NEVER
    if not d.shares(form) or (form is Form.EXACT and isinstance(const, Decimal) and _finer(const)):
        return Fitted(fitted)  # not every database has room for it
    if form is Form.BOOL:
        return Fitted(fitted)  # SQL has no parameters for these
    fitted_op, stored = fitted
    return Fitted(fitted_op, (stored,))


def _finer(number: Decimal) -> bool:
    """Whether a number has more fractional digits than every database has room for."""
    exponent = number.normalize(EXACT).as_tuple().exponent
    return isinstance(exponent, int) and exponent < -_FINEST


def say_const(d: Dialect, op: str, value: Value, kind: Hashable, stored: Sequence[Any], *, negated: bool) -> Sql:
    """The comparison that ``fit_const`` told of."""
    if kind == "null":
        return with_null(value, op, negated)
    if isinstance(kind, bool):
        return known(op, kind, negated, lambda: is_null(value), lambda: not_null(value))
    fitted = kind if isinstance(kind, tuple) else (kind, stored[0])
    if negated:
        return _negated(d, op, value, fitted)
    fitted_op, operand = fitted
    sql = apply(fitted_op, _operand(d, value, fitted_op), d.bind(operand, value.form))
    if fitted_op == "ne":
        return _or_null(value, sql)
    return _narrowed(d, value, (operand,), sql) if fitted_op == "eq" else _guarded(d, value, fitted_op, sql)


def known(op: str, truth: bool, negated: bool, absent: Callable[[], Sql], there: Callable[[], Sql]) -> Sql:
    """A comparison that has one answer for everything but null. Only ``ne`` is true of null."""
    if op == "ne":
        return false() if negated else true()
    if truth:
        return absent() if negated else there()
    return true() if negated else false()


def wanted_with_null(op: str) -> bool | None:
    """Whether ``op null`` is true of null (and of nothing else), of everything but null, or of nothing at all."""
    return _WITH_NULL[op]


def _negated(d: Dialect, op: str, value: Value, fitted: tuple[str, Any]) -> Sql:
    fitted_op, stored = fitted
    if value.form is Form.FLOAT and fitted_op not in ("eq", "ne"):  # not (x > 1) is true of NaN, x <= 1 is not
        return compare_float(d, fitted_op, value, stored).is_not(true())
    inverse = INVERSE[fitted_op]
    sql = apply(inverse, _operand(d, value, inverse), d.bind(stored, value.form))
    if fitted_op == "ne":
        return _narrowed(d, value, (stored,), sql)
    return _or_null(value, sql, inverse)


def _narrowed(d: Dialect, value: Value, items: Sequence[Any], sql: Sql) -> Sql:
    """Together with what an index answers, if the comparison by itself hides the index."""
    hint = d.narrowed(value, items) if value.loose is not None else None
    return sql if hint is None else and_(hint, sql)


def compare_float(d: Dialect, op: str, value: Value, const: float) -> Sql:
    return _guarded(d, value, op, apply(op, value.sql, d.bind(const, Form.FLOAT)))


def _or_null(value: Value, sql: Sql, op: str = "ne") -> Sql:
    """Null belongs to the answer too. A stored 0 stands for null in digits, and does so by itself in ne, lt and le."""
    if not value.nullable:
        return sql
    if value.form is Form.DIGITS and value.raw is not None:
        parts = [sql]
        if op in ("gt", "ge"):
            parts.append(value.raw == literal(0))
        if value.raw_nullable:
            parts.append(value.raw.is_(None))
        return or_(*parts)
    return or_(sql, value.stored.is_(None))


def _guarded(d: Dialect, value: Value, op: str, sql: Sql) -> Sql:
    """Without what the stored form sorts among the values although it is none: a 0 for no date, NaN."""
    if value.form is Form.DIGITS and value.raw is not None and op in ("lt", "le"):
        return and_(value.raw > literal(0), sql)
    if value.form is Form.FLOAT and op in ("gt", "ge") and d.has_nan:
        return and_(sql, value.sql <= literal(math.inf))
    return sql


def _operand(d: Dialect, value: Value, op: str) -> Sql:
    if value.form in (Form.TEXT, Form.CHAR):
        return value.stored if op in ("eq", "ne") else value.sql
    if value.form in (Form.DIGITS, Form.ZONED):
        return value.stored
    return d.comparable(value)


_Fit = tuple[str, Any] | bool
"""A comparison in the stored form, or its one answer for everything but null."""


def _fit_as_it_is(d: Dialect, op: str, const: Any, form: Form, scale: int) -> _Fit:
    return op, const


def _fit_float(d: Dialect, op: str, const: float, form: Form, scale: int) -> _Fit:
    if math.isnan(const):
        return op == "ne"
    if math.isinf(const) and not d.has_infinity:
        return op in ("ne", "lt", "le") if const > 0 else op in ("ne", "gt", "ge")
    return op, const


def _fit_digits(d: Dialect, op: str, const: date, form: Form, scale: int) -> _Fit:
    return op, const.year * 10_000 + const.month * 100 + const.day


def _fit_text(d: Dialect, op: str, const: str, form: Form, scale: int) -> _Fit:
    """What no column can hold equals no text. A range ends where the first such character stands: no stored text holds
    a NUL, so ``x < 'a\\0b'`` is ``x <= 'a'``; and what comes behind the last character that is held is beyond all texts
    that go on otherwise there.
    """
    encoding = d.encoding
    if encoding.holds(const):
        if op not in ("eq", "ne") and not encoding.sorts:
            raise Unsupported("the database sorts texts otherwise")
        return op, const
    encoding.may_hold(const)
    if op in ("eq", "ne"):
        return op == "ne"
    place = next(number for number, character in enumerate(const) if not encoding.holds(character))
    head, below = const[:place], op in ("lt", "le")
    if const[place] == "\0":
        return ("le" if below else "gt"), head
    if encoding.last is None or const[place] < encoding.last:
        raise Unsupported("a character that the database does not hold has no place in the order of its texts")
    beyond = encoding.successor(head)
    if beyond is None:
        return below
    return ("lt" if below else "ge"), beyond


def _fit_char(d: Dialect, op: str, const: str, form: Form, scale: int) -> _Fit:
    """Trailing blanks are no part of a stored text, but SQL would leave those of the constant out too."""
    if const.endswith(" "):
        if op in ("eq", "ne"):
            return op == "ne"
        raise Unsupported("blank-padded text has no order with trailing blanks")
    fitted = _fit_text(d, op, const, form, scale)
    if isinstance(fitted, tuple) and fitted[1].endswith(" "):
        raise Unsupported("blank-padded text has no order with trailing blanks")
    return fitted


def _fit_boolean(d: Dialect, op: str, const: bool, form: Form, scale: int) -> _Fit:
    """False comes before true. SQL has no constants to compare them with by order."""
    match op, const:
        case ("gt", False) | ("ge", True):
            return "eq", True
        case ("lt", True) | ("le", False):
            return "eq", False
        case (("ge" | "le"), _):
            return True
        case (("gt" | "lt"), _):
            return False
    return op, const


def _fit_integer(d: Dialect, op: str, const: Any, form: Form, scale: int) -> _Fit:
    low, high = scaled_integer(const, scale)
    if low != high and op in ("eq", "ne"):
        return op == "ne"
    bound = high if op in ("ge", "lt") else low
    if not INT64_LOW <= bound <= INT64_HIGH:
        below = bound < INT64_LOW
        return op == "ne" or (op in ("gt", "ge") if below else op in ("lt", "le"))
    if form is Form.APPROX:
        return op, float(Decimal(bound).scaleb(-scale))
    return op, bound


_FITS: dict[Form, Callable[[Dialect, str, Any, Form, int], _Fit]] = {
    Form.TEXT: _fit_text,
    Form.CHAR: _fit_char,
    Form.INT: _fit_integer,
    Form.APPROX: _fit_integer,
    Form.FLOAT: _fit_float,
    Form.BOOL: _fit_boolean,
    Form.DIGITS: _fit_digits,
}
#: Fractional digits that every database has room for.
_FINEST = 30
_NULL, _ALWAYS, _NEVER = Fitted("null"), Fitted(True), Fitted(False)


# Lists


def one_of(d: Dialect, value: Value, items: Sequence[Any], *, negated: bool = False) -> Sql:
    """``value in items``."""
    fitted = fit_list(d, value.form, value.scale, items)
    return say_list(d, value, fitted.kind, fitted.values, negated=negated)


def fit_list(d: Dialect, form: Form, scale: int, items: Sequence[Any]) -> Fitted:
    """What a list asks of a value in that form. The kind: whether null is among the items, whether one or many others
    can occur, and the items themselves where SQL has no parameter for them."""
    nullable = None in items
    if form is Form.TEXT and not nullable and d.encoding.holds("".join(items)):
        stored = list(dict.fromkeys(items))
    else:
        known = [_FITS.get(form, _fit_as_it_is)(d, "eq", item, form, scale) for item in items if item is not None]
        stored = list(dict.fromkeys(fitted[1] for fitted in known if not isinstance(fitted, bool)))
    if form is Form.BOOL or (len(stored) > 1 and not d.lists(form)):
        return Fitted((nullable, tuple(stored)))
    if len(stored) < 2:
        return Fitted((nullable, "one" if stored else "none"), tuple(stored))
    return Fitted((nullable, "many"), (stored,))


def say_list(d: Dialect, value: Value, kind: Any, stored: Sequence[Any], *, negated: bool) -> Sql:
    """The condition that ``fit_list`` told of."""
    nullable, items = kind
    sql = _listed(d, _operand(d, value, "eq"), items, stored, value.form, negated)
    if not negated and items not in ("none", ()):
        sql = _narrowed(d, value, stored if items == "one" else items, sql)
    if nullable:
        return and_(sql, not_null(value)) if negated else or_(sql, is_null(value))
    return _or_null(value, sql) if negated and items not in ("none", ()) else sql


def _listed(d: Dialect, sql: Sql, items: Any, stored: Sequence[Any], form: Form, negated: bool) -> Sql:
    if items in ("none", ()):
        return true() if negated else false()
    if items == "many":
        return d.one_of(sql, stored[0], form, negated=negated)
    if items == "one":
        return apply("ne" if negated else "eq", sql, d.bind(stored[0], form))
    if form is Form.BOOL:
        parts = [apply("ne" if negated else "eq", sql, d.bind(item, form)) for item in items]
        return and_(*parts) if negated else or_(*parts)
    return d.one_of(sql, items, form, negated=negated)


# Of two values


def compare_values(d: Dialect, op: str, left: Value, right: Value, *, negated: bool = False) -> Sql:
    """``left op right``."""
    if left.form is Form.TEXT and op not in ("eq", "ne") and not d.encoding.sorts:
        raise Unsupported("the database sorts texts otherwise")
    a, b = meet(d, left, right)
    if op not in ("eq", "ne") and any(isinstance(sql, True_ | False_) for sql in (a, b)):
        a, b = (case((sql, literal(1)), (not_(sql), literal(0))) for sql in (a, b))  # SQLAlchemy has no order of these
    both = left.nullable and right.nullable
    either = left.nullable or right.nullable
    if negated and op in ("eq", "ne"):
        op, negated = INVERSE[op], False
    if op == "eq":
        return a.is_not_distinct_from(b) if both else a == b
    if op == "ne":
        return a.is_distinct_from(b) if either else a != b
    if negated and not either:
        return apply(INVERSE[op], a, b)
    sql = apply(op, a, b)
    if both and op in ("ge", "le"):
        sql = or_(sql, and_(a.is_(None), b.is_(None)))
    return sql.is_not(true()) if negated else sql


def meet(d: Dialect, left: Value, right: Value) -> tuple[Sql, Sql]:
    """Both in a form in which SQL compares them as Edm does."""
    forms = {left.form, right.form}
    if Form.FLOAT in forms:
        raise Unsupported("databases take NaN for equal to itself")
    if forms <= NUMBERS:
        if len(forms) == 1 and left.form is not Form.EXACT and left.scale == right.scale:
            return left.sql, right.sql
        exact = [v.of(d.exact(v), Form.EXACT) for v in (left, right)]
        return d.comparable(exact[0]), d.comparable(exact[1])
    if forms <= {Form.DAY, Form.DIGITS}:
        return (left.sql, right.sql) if len(forms) == 1 else (d.digits(left), d.digits(right))
    if forms <= {Form.STAMP, Form.ZONED}:
        return d.stamp(left), d.stamp(right)
    if len(forms) > 1:
        raise Unsupported(f"{left.form.value} and {right.form.value} do not compare")
    return d.comparable(left), d.comparable(right)


def united(d: Dialect, values: Sequence[Value]) -> tuple[Form, int, list[Sql]] | None:
    """Values that may stand for each other in one form and scale; ``None`` if there is none."""
    forms = {value.form for value in values}
    if not values or any(value.doubt for value in values) or Form.FLOAT in forms:
        return None
    if len(forms) == 1 and len({value.scale for value in values}) == 1:
        return values[0].form, values[0].scale, [value.sql for value in values]
    if forms <= NUMBERS:
        return Form.EXACT, 0, [d.exact(value) for value in values]
    if forms <= {Form.DAY, Form.DIGITS}:
        return Form.DIGITS, 0, [d.digits(value) for value in values]
    return (Form.STAMP, 0, [d.stamp(value) for value in values]) if forms <= {Form.STAMP, Form.ZONED} else None
