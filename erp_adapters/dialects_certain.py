"""What SQL Server and Oracle say: the little that ``sql_certain`` asks of them. Neither was at hand for the tests.

There are no functions here, and no Boolean values: conditions stand in WHERE alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Date, Numeric, Unicode, and_, cast, func, literal, or_
from sqlalchemy.dialects import mssql
from sqlalchemy.types import TypeEngine

from erp_adapters.dialects_base import ORDERS, Dialect, Encode, naive, same
from erp_adapters.sql_values import Form, Parameter, Sql, Unsupported, Value

#: Digits of a constant before and behind the point that every number there has room for.
_BEFORE, _BEHIND = 26, 12
#: Items of one list, and of a key of several columns.
_LISTED, _KEYS = 1_000, 300


@dataclass(frozen=True)
class Certain(Dialect):
    """Either of them. ``items`` are as many as one list has."""

    items: int = _LISTED

    def by_code_point(self, sql: Sql) -> Sql:
        return sql  # order and inequality of texts are never asked

    def bind(self, value: Any, form: Form) -> Sql:
        if form is Form.EXACT:
            if isinstance(value, Parameter) or not _has_room(value):
                raise Unsupported("nobody knows whether the number has room there")
            return cast(literal(format(Decimal(value), "f"), Unicode()), Numeric(_BEFORE + _BEHIND, _BEHIND))
        if form is Form.BOOL or form not in self.binds:
            raise Unsupported(f"{form.value} is not compared there")
        return super().bind(value, form)

    def shares(self, form: Form) -> bool:
        return form is not Form.EXACT

    def one_of(self, sql: Sql, items: Sequence[Any] | Parameter, form: Form, *, negated: bool = False) -> Sql:
        assert not isinstance(items, Parameter)
        if negated or len(items) > self.items:
            raise Unsupported("too long a list")
        return sql.in_([self.bind(item, form) for item in items])

    def tuple_one_of(self, parts: Sequence[Value], rows: Sequence[Sequence[Any]] | Parameter) -> Sql:
        assert not isinstance(rows, Parameter)
        if len(rows) > _KEYS:
            raise Unsupported("too long a list")
        equal = (
            [part.stored == self.bind(item, part.form) for part, item in zip(parts, row, strict=True)] for row in rows
        )
        return or_(*(and_(*row) for row in equal))

    def tuple_compare(self, op: str, parts: Sequence[Value], row: Sequence[Any]) -> Sql:
        raise Unsupported(f"{ORDERS[op]} of texts is not asked there")

    def exact(self, value: Value) -> Sql:
        raise Unsupported("there is no arithmetic there")

    def digits(self, value: Value) -> Sql:
        raise Unsupported("there is no arithmetic there")


def _has_room(value: Any) -> bool:
    before, _, behind = format(Decimal(value).copy_abs().normalize(), "f").partition(".")
    return len(before) <= _BEFORE and len(behind) <= _BEHIND


@dataclass(frozen=True)
class SQLServer(Certain):
    """SQL Server, through pymssql."""

    def bind(self, value: Any, form: Form) -> Sql:
        """Times are text that no setting of the session reads otherwise."""
        made = super().bind(value, form)
        return cast(made, _MSSQL_TIMES[form]) if form in _MSSQL_TIMES else made

    def narrowed(self, value: Value, items: Sequence[Any]) -> Sql | None:
        """An nvarchar, which texts are sent as, hides the index over a varchar column."""
        stored = value.loose
        if stored is None or stored.trimmed or stored.facts.charset != "varchar":
            return None
        own = [cast(self.bind(item, Form.TEXT), mssql.VARCHAR(8000)) for item in items]
        return stored.sql == own[0] if len(own) == 1 else stored.sql.in_(own)


@dataclass(frozen=True)
class Oracle(Certain):
    """Oracle, through python-oracledb."""

    def bind(self, value: Any, form: Form) -> Sql:
        made = super().bind(value, form)
        return getattr(func, _ORACLE_TIMES[form][0])(made, _ORACLE_TIMES[form][1]) if form in _ORACLE_TIMES else made


_MSSQL_TIMES: dict[Form, TypeEngine[Any]] = {Form.DAY: Date(), Form.STAMP: mssql.DATETIME2(precision=6)}  # type: ignore[no-untyped-call]
_ORACLE_TIMES = {
    Form.DAY: ("to_date", "YYYY-MM-DD"),
    Form.STAMP: ("to_timestamp", 'YYYY-MM-DD"T"HH24:MI:SS.FF6'),
}
_BINDS: dict[Form, tuple[TypeEngine[Any], Encode]] = {
    Form.TEXT: (Unicode(), same),
    Form.INT: (BigInteger(), same),
    Form.EXACT: (Numeric(), Decimal),
    Form.DIGITS: (BigInteger(), same),
    Form.DAY: (Unicode(), date.isoformat),
    Form.STAMP: (Unicode(), lambda moment: naive(moment).isoformat("T", "microseconds")),
}

MSSQL = SQLServer(
    "mssql", {}, _BINDS, "", moments=Form.STAMP, nulls_first=True, certain_only=True, items=_LISTED
)  # of 2,100 parameters of a statement
ORACLE = Oracle("oracle", {}, _BINDS, "", moments=Form.STAMP, certain_only=True, any_case=True, items=_LISTED)
