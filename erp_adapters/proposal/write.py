"""A draft as a catalog file that a person reads and edits: blocks of TOML with a comment on every guess.

A file is a list of blocks, each with a name (``properties.DueDate``, ``sql.columns.DueDate``), so that ``merge`` can
tell what somebody changed from what was generated.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from erp_adapters.proposal.drafts import Draft, Item, Link

#: What a comment line may be long.
WIDTH = 118
#: Further columns are as sure as this unless something says otherwise.
SURE = 0.895
_FACETS = (
    "type", "max_length", "precision", "scale", "nullable", "label", "description", "searchable", "prose", "allowed",
    "currency", "unit", "fixed_unit",
)  # fmt: skip
_HEAD = (
    "entity_set", "entity_type", "label", "label_plural", "description", "system_of_record", "key", "order",
    "freshness", "stale", "must_be_live", "changed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines of a file that belong together. ``name`` tells which."""

    name: str
    text: str


def blocks(draft: Draft) -> list[Block]:
    """The file of a set."""
    found = [Block("", _head(draft))]
    found += [Block(f"properties.{item.name}", _property(item)) for item in draft.items.values()]
    found += [Block(f"navigation.{link.name}", _link(link)) for link in draft.links.values()]
    found.append(Block("sql", _source(draft)))
    if draft.companies:
        found.append(Block("sql.each", f"[sql.each]\ncompany = {value(list(draft.companies))}\n"))
    for alias, join in draft.joins.items():
        found.append(Block(f"sql.joins.{alias}", _table(f"sql.joins.{alias}", join)))
    for alias, total in draft.totals.items():
        found.append(Block(f"sql.totals.{alias}", _table(f"sql.totals.{alias}", total)))
    found.append(Block("sql.columns", "[sql.columns]\n"))
    found += [Block(f"sql.columns.{item.name}", _column(item)) for item in draft.items.values()]
    if draft.left_out:
        found.append(Block("left out", comment("Left out:", draft.left_out)))
    return found


def text(parts: Iterable[Block]) -> str:
    """Blocks as a file: lines of ``[sql.columns]`` close together, the rest a line apart."""
    lines: list[str] = []
    before = ""
    for part in parts:
        close = part.name.startswith("sql.columns.") and before.startswith("sql.columns")
        if lines and not close:
            lines.append("\n")
        lines.append(part.text if part.text.endswith("\n") else f"{part.text}\n")
        before = part.name
    return "".join(lines)


def _head(draft: Draft) -> str:
    source = draft.source if isinstance(draft.source, str) else " and ".join(draft.source)
    what, why = draft.head["label_plural"].lower(), "; ".join(lasting(draft.because))
    told = [f"{percent(draft.score)} sure that {source} holds {what}: {why}."]
    told.append(f"{percent(draft.key.score)} sure of the key {', '.join(draft.key.columns)}: {draft.key.because}.")
    told += [f"{remark}." for remark in draft.remarks]
    head = {k: draft.head[k] for k in _HEAD if k in draft.head}
    return comment("Proposed by erp-odata init. Change what is wrong: a later run keeps it.", told) + _pairs(head)


def _property(item: Item) -> str:
    return _table(f"properties.{item.name}", {k: item.facets[k] for k in _FACETS if _wanted(item, k)})


def _wanted(item: Item, key: str) -> bool:
    """Facets that are the default are not written."""
    given = item.facets.get(key)
    return given is not None and (given is not True or key in ("searchable", "prose"))


def _link(link: Link) -> str:
    told = "" if link.score >= 0.995 else comment("", [f"{percent(link.score)}: {link.because}."])
    return told + _table(
        f"navigation.{link.name}",
        {
            "target": link.target,
            "on": {link.own: link.own if not link.referred else link.referred},
            "partner": link.partner,
            "label": link.label,
            "description": link.description or f"The {link.label.lower()} of the row.",
            "partner_label": link.partner_label,
            "partner_description": link.partner_description or f"The rows that refer to it as {link.label.lower()}.",
        },
    )


def _source(draft: Draft) -> str:
    section: dict[str, Any] = {"table": draft.source}
    if draft.database:
        section["source"] = draft.database
    if draft.where:
        section["where"] = draft.where
    return _table("sql", section)


def _column(item: Item) -> str:
    told = item.because
    if told and (item.known or item.score < SURE):
        told = f"{percent(item.score)}: {told}"
    return comment(told, ()) + f"{key(item.name)} = {value(item.mapping)}\n"


def lasting(because: Iterable[str]) -> list[str]:
    """Reasons that are the same tomorrow: how many rows there are is not among them."""
    return [reason for reason in because if not re.fullmatch(r"\d+ rows?", reason)]


def percent(score: float) -> str:
    """As people say it."""
    return f"{round(score * 100)} %"


def comment(first: str, lines: Iterable[str]) -> str:
    """Comment lines, folded."""
    found = []
    for line in ([first] if first else []) + list(lines):
        rest = "# " + " ".join("".join(c if c.isprintable() else " " for c in line).split())
        while len(rest) > WIDTH:
            cut = rest.rfind(" ", 40, WIDTH)
            cut = cut if cut > 0 else WIDTH
            found.append(rest[:cut])
            rest = "#   " + rest[cut:].lstrip()
        found.append(rest)
    return "".join(f"{line}\n" for line in found)


# TOML


def _table(name: str, pairs: Mapping[str, Any]) -> str:
    return f"[{'.'.join(key(part) for part in name.split('.', 2))}]\n{_pairs(pairs)}"


def _pairs(pairs: Mapping[str, Any]) -> str:
    return "".join(f"{key(name)} = {value(of)}\n" for name, of in pairs.items())


def key(name: str) -> str:
    """A key, in quotes where it needs them."""
    return name if name and all(c.isascii() and (c.isalnum() or c in "_-") for c in name) else value(name)


def value(of: Any) -> str:
    """A value in one line."""
    if isinstance(of, bool):
        return "true" if of else "false"
    if isinstance(of, int):
        return str(of)
    if isinstance(of, date):
        return of.isoformat()
    if isinstance(of, Mapping):
        return "{ " + ", ".join(f"{key(str(k))} = {value(v)}" for k, v in of.items()) + " }" if of else "{}"
    if isinstance(of, list | tuple):
        return "[" + ", ".join(map(value, of)) + "]"
    return '"' + "".join(_escaped(c) for c in str(of)) + '"'


def _escaped(c: str) -> str:
    if c in '"\\':
        return f"\\{c}"
    return c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"
