"""What a SOQL statement means, evaluated directly over the demo's rows: no OData, no service, no translation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from salesforce.soql.days import Calendar
from salesforce.soql.syntax import Comparison, Condition, Count, Days, Literal, Logic, Path, Select
from salesforce.sync import ExternalObject, Synced

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


class Oracle:
    """Evaluates statements that have been parsed. Records have the columns of the statement, without ``Id``."""

    def __init__(self, synced: Synced, rows: Rows, calendar: Calendar) -> None:
        self.synced, self.rows, self.calendar = synced, rows, calendar

    def count(self, select: Select) -> int:
        source = self.synced.object(select.source)
        assert source is not None
        counted = max(0, sum(1 for _ in self._kept(source, select)) - select.offset)
        return counted if select.limit is None else min(counted, select.limit)

    def records(self, select: Select) -> list[dict[str, Any]]:
        source = self.synced.object(select.source)
        assert source is not None
        rows = self._sorted(source, select)[select.offset :][: select.limit]
        return [self._record(source, select, row) for row in rows]

    def _sorted(self, source: ExternalObject, select: Select) -> list[Row]:
        (key,) = source.external_id
        rows = sorted(self._kept(source, select), key=lambda row: str(row[key]))
        for order in reversed(select.order):
            rows.sort(key=lambda row: _rank(self._value(source, order.field, row)), reverse=order.descending)
        return rows

    def _kept(self, source: ExternalObject, select: Select) -> Iterator[Row]:
        for row in self.rows[source.source]:
            if select.where is None or self._true(source, select.where, row):
                yield row

    def _record(self, source: ExternalObject, select: Select, row: Row) -> dict[str, Any]:
        record: dict[str, Any] = {}
        for item in select.items:
            if isinstance(item, Path) and item.names != ("Id",):
                names = item.names if item.names[0].lower().endswith("__r") else item.names[-1:]
                record[".".join(names)] = self._value(source, item, row)
            elif isinstance(item, Select):
                record[item.source] = self._children(source, item, row)
        return record

    def _children(self, parent: ExternalObject, select: Select, row: Row) -> list[dict[str, Any]]:
        child, lookup = next(
            (child, lookup)
            for child in self.synced.objects
            for lookup in child.lookups
            if lookup.to == parent.name and lookup.children.lower() == select.source.lower()
        )
        link = child.field(lookup.field)
        assert link is not None
        rows = [r for r in self._sorted(child, select) if r[link.source] == row[parent.external_id[0]]]
        return [self._record(child, select, r) for r in rows[: select.limit]]

    def _value(self, source: ExternalObject, path: Path, row: Row | None) -> Any:
        at, names = source, path.names
        if len(names) > 1 and not names[0].lower().endswith("__r"):
            names = names[1:]  # the object or its alias
        for name in names[:-1]:
            lookup = next(lookup for lookup in at.lookups if lookup.relationship.lower() == name.lower())
            link, parent = at.field(lookup.field), self.synced.object(lookup.to)
            assert link is not None
            assert parent is not None
            key, sought = parent.external_id[0], row[link.source] if row is not None else None
            row = next((r for r in self.rows[parent.source] if sought is not None and r[key] == sought), None)
            at = parent
        if names[-1].lower() == "externalid":
            return row[at.external_id[0]] if row is not None else None
        field = at.field(names[-1])
        assert field is not None
        return row[field.source] if row is not None else None

    def _true(self, source: ExternalObject, condition: Condition, row: Row) -> bool:
        match condition:
            case Logic(operator="AND", args=args):
                return all(self._true(source, arg, row) for arg in args)
            case Logic(operator="OR", args=args):
                return any(self._true(source, arg, row) for arg in args)
            case Logic(args=(inner,)):
                return not self._true(source, inner, row)
        assert isinstance(condition, Comparison)
        return self._compares(condition, self._value(source, condition.field, row))

    def _compares(self, node: Comparison, value: Any) -> bool:
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time(0), UTC)
        if node.operator in ("IN", "NOT IN"):
            return (value in [_literal(x) for x in node.operands]) is (node.operator == "IN")
        operand = node.operands[0]
        if isinstance(operand, Days):
            return self._in_days(node.operator, value, operand)
        wanted = _literal(operand)
        if node.operator in ("=", "!="):
            return (value == wanted) is (node.operator == "=")
        if node.operator == "LIKE":
            return value is not None and _like(value, str(wanted))
        return value is not None and _ORDERS[node.operator](value, wanted)

    def _in_days(self, operator: str, value: Any, days: Days) -> bool:
        first, after = self.calendar.instants(days.name, days.number)
        if value is None:
            return False
        inside = first <= value < after
        return {"=": inside, "!=": not inside, "<": value < first, "<=": value < after, ">": value >= after}.get(
            operator, value >= first
        )


def _literal(operand: object) -> Any:
    assert isinstance(operand, Literal)
    return operand.value


def _like(value: str, pattern: str) -> bool:
    text = pattern.strip("%")
    if pattern.startswith("%") and pattern.endswith("%"):
        return text in value
    return (
        value.endswith(text) if pattern.startswith("%") else value.startswith(text) if "%" in pattern else value == text
    )


def _rank(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)


def shown(value: Any) -> Any:
    """A value of the demo as a record has it."""
    if isinstance(value, list):
        return [{name: shown(inner) for name, inner in record.items()} for record in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    if isinstance(value, date):
        return f"{value}T00:00:00.000Z"
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def is_count(select: Select) -> bool:
    """Whether the statement asks for ``COUNT()``."""
    return isinstance(select.items[0], Count)
