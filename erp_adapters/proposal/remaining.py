"""The columns that are no known property: published under clean names, or left out with a word why."""

import re

from erp_adapters.introspect import Column
from erp_adapters.proposal.columns import Claim, suits
from erp_adapters.proposal.drafts import Item, ref
from erp_adapters.proposal.fields import SUFFIX, Fields
from erp_adapters.proposal.names import pascal
from erp_adapters.proposal.shapes import LeftOut
from erp_adapters.proposal.values import text_facets

_RESERVED = frozenset({"id", "name", "externalid", "displayurl"})
#: Concepts of columns that are amounts in the currency of the row.
_AMOUNTS = frozenset({"amount", "price", "net", "gross", "open", "total"})


def rest(fields: Fields) -> None:
    """Every other column under a clean name; what is empty or to be hidden in comments."""
    empty = []
    flex(fields)
    sample = fields.study.sample(fields.table)
    for column in fields.table.columns.values():
        if column.name in fields.draft.used:
            continue
        hidden = fields.study.hidden(fields.table, column.name, fields.draft.name)
        if hidden:
            fields.draft.left_out.append(
                f"{column.name} looks like {hidden}; to publish it: --publish {fields.draft.name}.{column.name}"
            )
        elif sample.data and column.name in sample.columns and _says_nothing(fields, column):
            empty.append(column.name)
        else:
            _remaining(fields, column)
    if empty:
        fields.draft.left_out.append(f"without a value in the rows that were looked at: {', '.join(empty)}")


def _says_nothing(fields: Fields, column: Column) -> bool:
    profile = fields.study.profile(fields.table, column.name)
    return profile.empty and column.kind != "boolean"


def _remaining(fields: Fields, column: Column) -> None:
    plain = pascal(fields.study.label(fields.table, column.name))
    if plain in fields.known and fields.draft.free(plain):
        wanted = str(fields.known[plain]["type"])
        if suits(wanted, plain, column, fields.study.profile(fields.table, column.name), (), None) > 0.5:
            fields.claimed(Claim(plain, column.name, 0.9, "the name says so"))
            if column.name in fields.draft.used:
                return
    name = _clean_name(fields, column)
    lookup = fields.lookup(column.name)
    if lookup is not None and fields.looked_up(SUFFIX.sub("", name) or name, lookup, lookup.score, known=False):
        return
    found = fields.shapes.shape(fields.table, column)
    if isinstance(found, LeftOut):
        fields.draft.left_out.append(f"{column.name} {found.why}")
        return
    fields.publish(name, column, found, 0.9, "", known=False)
    if (
        found.type == "Decimal"
        and "Currency" in fields.draft.items
        and fields.shapes.has(fields.table, column, _AMOUNTS)
    ):
        fields.draft.items[name].facets["currency"] = "Currency"


def _clean_name(fields: Fields, column: Column) -> str:
    name = pascal(fields.study.label(fields.table, column.name))
    if name.lower() in _RESERVED:
        name = f"{fields.draft.head['entity_type']}{name}"
    base, number = name[:38], 2
    while not fields.draft.free(name) or name in fields.known:
        name, number = f"{base}{number}", number + 1
    return name


#: ATTRIBUTE7, CUSTOM_FIELD_3, UDF2: columns whose meaning another column tells.
_FLEX = re.compile(r"^(.*?(?:ATTRIBUTE|UDF|FLEX(?:_?FIELD)?|CUSTOM(?:_?FIELD)?))_?(\d{1,2})$", re.IGNORECASE)
_CONTEXT = re.compile(r"(CATEGORY|CONTEXT)$", re.IGNORECASE)
CONTEXTS_MOST = 12


def flex(fields: Fields) -> None:
    """Columns whose meaning depends on a context: one property per context in which they have values."""
    columns = list(fields.table.columns)
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in columns:
        found = _FLEX.match(name)
        if found and name not in fields.draft.used and not fields.study.hidden(fields.table, name):
            groups.setdefault(found[1], []).append((name, found[2]))
    for stem, own in groups.items():
        context = next((c for c in columns if c.upper().startswith(stem.upper()) and _CONTEXT.search(c)), None)
        if context is None or context not in fields.study.sample(fields.table).columns:
            continue
        for column, number in own:
            contexts = _contexts(fields, context, column)
            for value in contexts:
                _in_context(fields, fields.table.columns[column], context, value, number)
            if contexts:
                fields.draft.used.add(column)


def _contexts(fields: Fields, context: str, column: str) -> list[str]:
    """The contexts in which a column has values; none if it has them without a context too."""
    rows = fields.study.sample(fields.table).tuples((context, column))
    found = {c for c, value in rows if isinstance(value, str) and value.strip()}
    named = sorted(c for c in found if isinstance(c, str) and c.strip())
    return named if len(named) == len(found) <= CONTEXTS_MOST else []


def _in_context(fields: Fields, column: Column, context: str, value: str, number: str) -> None:
    entity = fields.draft.head["entity_type"]
    lengths = text_facets(column, fields.study.profile(fields.table, column.name))
    label = f"{value.strip()} {number}"[:40]
    name = pascal(label if label[:1].isalpha() else f"{entity} {label}")
    while not fields.draft.free(name) or name in fields.known:
        name = f"{name[:38]}X"
    told = f"Column {column.name} of {fields.table.bare} where {context} is {value.strip()}."
    facets = {"type": "String", **lengths, "nullable": True, "label": label, "description": told}
    mapping = {"column": ref("", column.name), "when": {context: value}}
    because = f"its meaning depends on {context}; give it a better name"
    fields.draft.add(Item(name, facets, mapping, 0.85, because, False))
