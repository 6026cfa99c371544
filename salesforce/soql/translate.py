"""SOQL conditions as the ``$filter`` that Salesforce sends, in the spelling of the profile."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn

from salesforce.errors import SalesforceError
from salesforce.literals import literal, quoted
from salesforce.profile import Profile
from salesforce.soql.days import Calendar
from salesforce.soql.ids import key_of
from salesforce.soql.names import Found, Names
from salesforce.soql.syntax import Bind, Comparison, Condition, Days, Literal, Logic, Operand, Order, Value
from salesforce.sync import ExternalField, Lookup

Binds = Mapping[str, Value | Sequence[Value]]
"""Values of bind variables, by name."""
Related = Callable[[Found, Comparison], Sequence[Any]]
"""The keys of the objects behind the first lookup for which the comparison is true, as they arrived."""

_OPERATORS = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
#: Salesforce's field type -> the Python types of its literals, and how its messages call it.
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "Text": ((str,), "string and should be enclosed in quotes"),
    "Number": ((Decimal,), "double and should not be enclosed in quotes"),
    "Checkbox": ((bool,), "boolean and should not be enclosed in quotes"),
    "DateTime": ((datetime,), "dateTime and should not be enclosed in quotes"),
}
_LIKE = re.compile(r"(%?)((?:[^%_\\]|\\.)*)(%?)", re.DOTALL)
_LIKE_CALLS = {("%", "%"): "contains", ("", "%"): "startswith", ("%", ""): "endswith"}


@dataclass(frozen=True, slots=True)
class Translator:
    """Translates the conditions and orders of one statement or sub-query."""

    names: Names
    profile: Profile
    calendar: Calendar
    binds: Binds
    related: Related
    external_ids: Callable[[str, str], str | None]

    # --- conditions -------------------------------------------------------------------------------------

    def condition(self, condition: Condition) -> str:
        """The condition as OData text."""
        match condition:
            case Comparison():
                return self._comparison(condition)
            case Logic(operator="NOT", args=(inner,)):
                return f"not ({self._bare(self.condition(inner))})"
            case Logic(operator=operator, args=args):
                return self.joined(operator.lower(), [self.condition(arg) for arg in args])

    def joined(self, operator: str, terms: Sequence[str]) -> str:
        """``and`` or ``or`` of the terms. Bare terms get parentheses where the other operator could reach them."""
        if len(terms) == 1:
            return terms[0]
        if self.profile.parentheses:
            return f"({f' {operator} '.join(terms)})"
        other = " or " if operator == "and" else " and "
        return f" {operator} ".join(f"({term})" if other in _outside(term) else term for term in terms)

    def term(self, text: str) -> str:
        return f"({text})" if self.profile.parentheses else text

    def _bare(self, text: str) -> str:
        """Without the parentheses that a profile has put around all of it."""
        return text[1:-1] if self.profile.parentheses else text

    def _comparison(self, node: Comparison) -> str:
        found = self.names.find(node.field)
        if found.lookups:
            return self._of_parent(found, node)
        if found.standard == "id" or (found.standard == "externalid" and found.field is None):
            return self._ids(node, found.standard)
        field = self._filterable(found, node)
        if node.operator in ("IN", "NOT IN"):
            literals = [written(value) for value in self._values(found, node)]
            return self._list(field, literals, negated=node.operator == "NOT IN")
        if node.operator == "LIKE":
            if not self.profile.like:
                self._refuse(
                    "EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", "LIKE is not supported for external objects", node
                )
            return self._like(field, found, node)
        operand = node.operands[0]
        if isinstance(operand, Days):
            return self._days(field, found, node, operand)
        value = self._values(found, node)[0]
        if value is None and node.operator not in ("=", "!="):
            self._refuse("MALFORMED_QUERY", f"null can only be compared with = and !=, not {node.operator}", node)
        return self.term(f"{field} {_OPERATORS[node.operator]} {written(value)}")

    def _filterable(self, found: Found, node: Comparison) -> str:
        name = ".".join(node.field.names)
        if found.field is None or found.field.type.name == "LongTextArea":
            self._refuse("INVALID_FIELD", f"field '{name}' can not be filtered in a query call", node)
        return found.field.source

    def _list(self, field: str, literals: Sequence[str], *, negated: bool) -> str:
        if not literals:
            return "true" if negated else "false"
        if self.profile.lists == "in":
            text = self.term(f"{field} in ({','.join(literals)})")
            return f"not ({self._bare(text)})" if negated else text
        operator, chain = ("ne", "and") if negated else ("eq", "or")
        return self.joined(chain, [self.term(f"{field} {operator} {literal}") for literal in literals])

    def _like(self, field: str, found: Found, node: Comparison) -> str:
        pattern = self._values(found, node)[0]
        match = _LIKE.fullmatch(pattern) if isinstance(pattern, str) else None
        if match is None:
            self._refuse(
                "EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION",
                "LIKE with wildcards other than a leading and a trailing % is not supported for external objects",
                node,
            )
        text = match[2].replace("\\%", "%").replace("\\_", "_")
        call = _LIKE_CALLS.get((match[1], match[3]))
        if call is None:
            return self.term(f"{field} eq {written(text)}")
        return self.term(f"{call}({field},{written(text)}) eq true")

    def _days(self, field: str, found: Found, node: Comparison, days: Days) -> str:
        """A date literal is a range: before it, in it, after it."""
        if found.field is None or found.field.type.name != "DateTime":
            self._mistyped(found, node)
        first, after = map(written, self.calendar.instants(days.name, days.number))
        bounds = {
            "<": [f"{field} lt {first}"], "<=": [f"{field} lt {after}"],
            ">": [f"{field} ge {after}"], ">=": [f"{field} ge {first}"],
            "=": [f"{field} ge {first}", f"{field} lt {after}"],
            "!=": [f"{field} lt {first}", f"{field} ge {after}"],
        }[node.operator]  # fmt: skip
        return self.joined("or" if node.operator == "!=" else "and", [self.term(bound) for bound in bounds])

    # --- parents and ids --------------------------------------------------------------------------------

    def _of_parent(self, found: Found, node: Comparison) -> str:
        """Salesforce joins external objects one after the other: the parents first, then the children by their keys.

        A child without parent is one whose parent's fields are null.
        """
        lookup = found.lookups[0]
        positive, negated = _positive(node)
        own = self._link(lookup)
        keys = self._list(own.source, [literal(own.kind, k) for k in self.related(found, positive)], negated=False)
        no_parent = self.term(f"{own.source} eq null")
        if _seeks_null(positive):
            keys = self.joined("or", [no_parent] if keys == "false" else [no_parent, keys])
        if not negated:
            return keys
        return f"not ({self._bare(keys)})" if keys != "false" else "true"

    def _link(self, lookup: Lookup) -> ExternalField:
        field = self.names.object.field(lookup.field)
        assert field is not None
        return field

    def _ids(self, node: Comparison, standard: str) -> str:
        """Ids and External IDs are Salesforce's own: ids are known that it has given to rows, no others."""
        if node.operator not in ("=", "!=", "IN", "NOT IN"):
            name = node.field.names[-1]
            self._refuse("INVALID_QUERY_FILTER_OPERATOR", f"{name} can not be compared with {node.operator}", node)
        if not self.names.object.external_id:
            self._refuse("INVALID_FIELD", f"'{self.names.object.name}' has no key to look up an Id by", node)
        keys = [self._external_id(value, node) if standard == "id" else value for value in self._resolved(node)]
        made = [key_of(self.names.object, str(key)) for key in keys if key is not None]
        found = [pairs for pairs in made if pairs is not None]
        negated = node.operator in ("!=", "NOT IN")
        if len(self.names.object.external_id) == 1 or not found:
            literals = [value for ((_, value),) in found]
            return self._list(self.names.object.external_id[0], literals, negated=negated)
        rows = [self.joined("and", [self.term(f"{name} eq {value}") for name, value in pairs]) for pairs in found]
        chain = self.joined("or", rows)
        return f"not ({self._bare(chain)})" if negated else chain

    def own_key(self, where: Condition | None) -> list[tuple[str, str]] | None:
        """The key of the one record that a condition asks for: External ID or Id alone, compared with =."""
        if not isinstance(where, Comparison) or where.operator != "=":
            return None
        found = self.names.find(where.field)
        if found.lookups or found.standard not in ("id", "externalid"):
            return None
        values = self._resolved(where)
        key = self._external_id(values[0], where) if found.standard == "id" else values[0]
        return None if key is None else key_of(self.names.object, str(key))

    def _external_id(self, value: Value | Sequence[Value], node: Comparison) -> str | None:
        if not isinstance(value, str) or not re.fullmatch("[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?", value):
            self._refuse("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value}", node)
        return self.external_ids(self.names.object.name, value)

    # --- values -----------------------------------------------------------------------------------------

    def _resolved(self, node: Comparison) -> list[Value]:
        """The operands with bind variables replaced; a list only where the operator takes one."""
        values: list[Value] = []
        for operand in node.operands:
            given = self._value(operand, node)
            if isinstance(given, str) or not isinstance(given, Sequence):
                values.append(given)
            elif node.operator in ("IN", "NOT IN"):
                values.extend(given)
            else:
                self._refuse("MALFORMED_QUERY", f"a list can not be compared with {node.operator}", node)
        return values

    def _value(self, operand: Operand, node: Comparison) -> Value | Sequence[Value]:
        match operand:
            case Literal(value=value):
                return value
            case Bind(name=name):
                if name not in self.binds:
                    self._refuse("MALFORMED_QUERY", f"Variable does not exist: {name}", node)
                return self.binds[name]
        self._refuse("MALFORMED_QUERY", f"{operand.name} can not stand in a list", node)

    def _values(self, found: Found, node: Comparison) -> list[Value]:
        values = self._resolved(node)
        kind = found.field.type.name if found.field is not None else "Text"
        accepted = _TYPES[kind][0]
        for value in values:
            if value is not None and (type(value) not in accepted):
                self._mistyped(found, node)
        return values

    def _mistyped(self, found: Found, node: Comparison) -> NoReturn:
        kind = found.field.type.name if found.field is not None else "Text"
        name = node.field.names[-1]
        message = f"value of filter criterion for field '{name}' must be of type {_TYPES[kind][1]}"
        self._refuse("INVALID_FIELD", message, node)

    def _refuse(self, code: str, message: str, node: Comparison) -> NoReturn:
        raise SalesforceError(code, message, text=self.names.statement, position=node.field.position)

    # --- order ------------------------------------------------------------------------------------------

    def order(self, items: Sequence[Order]) -> str:
        """``$orderby``. Where nulls go is not passed on."""
        terms = []
        for item in items:
            found = self.names.find(item.field)
            direction = "desc" if item.descending else "asc"
            if found.standard == "externalid" and not found.lookups:
                terms += [f"{name} {direction}" for name in self.names.object.external_id]
                continue
            if found.lookups or found.field is None or found.field.type.name == "LongTextArea":
                message = f"field '{item.field}' can not be sorted in a query call"
                raise self.names.invalid(message, item.field.position)
            terms.append(f"{found.field.source} {direction}")
        return ",".join(terms)


def written(value: Value) -> str:
    """The value as an OData literal."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ").replace(".000000Z", "Z")
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"


def _outside(text: str) -> str:
    """What stands outside of parentheses and quotes."""
    found, depth, quoted = [], 0, False
    for character in text:
        if character == "'":
            quoted = not quoted
        elif not quoted and character in "()":
            depth += 1 if character == "(" else -1
        elif not quoted and depth == 0:
            found.append(character)
    return "".join(found)


def _positive(node: Comparison) -> tuple[Comparison, bool]:
    """The comparison, and whether it is the negation of what was written."""
    opposite = {"!=": "=", "NOT IN": "IN"}.get(node.operator)
    if opposite is None:
        return node, False
    return Comparison(node.field, opposite, node.operands, node.position), True


def _seeks_null(node: Comparison) -> bool:
    return node.operator in ("=", "IN") and any(isinstance(x, Literal) and x.value is None for x in node.operands)
