"""A later run keeps what somebody changed: the new proposal, the files as they are, and what was generated before.

Each block of a file (a property, a line of ``[sql.columns]``) is the user's as soon as its text is not what was
generated, and stays gone when it was deleted. What was generated is known by hashes in a file beside the catalog.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from erp_adapters.proposal.write import Block, text

STATE = ".init.json"
_TABLE = re.compile(r"\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
_PAIR = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*=""")


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to a file: its name, its text before and after."""

    file: str
    before: str
    after: str

    @property
    def kind(self) -> str:
        return "new" if not self.before else "unchanged" if self.before == self.after else "changed"

    def diff(self) -> str:
        """As ``diff -u`` shows it."""
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True), self.after.splitlines(keepends=True), self.file, self.file
        )
        return "".join(lines)


@dataclass(slots=True)
class Merged:
    """All changes, and the state to remember."""

    changes: list[Change] = field(default_factory=list)
    state: dict[str, dict[str, str]] = field(default_factory=dict)
    #: Sets that somebody deleted, and that are not proposed again.
    deleted: list[str] = field(default_factory=list)
    #: Sets that are not proposed any more, and whose files stay.
    left: list[str] = field(default_factory=list)


def merge(directory: Path, proposed: Mapping[str, Sequence[Block]]) -> Merged:
    """``proposed``: name of a set -> its blocks."""
    known = {str(k): dict(v) for k, v in _read_state(directory).get("blocks", {}).items()}
    merged = Merged(state=dict(known))
    for name, parts in proposed.items():
        path, before = directory / f"{name}.toml", known.get(name)
        if path.exists():
            current = path.read_text(encoding="utf-8")
            after = _merged(parts, current, before or {})
        elif before is not None:
            merged.deleted.append(name)
            continue
        else:
            current, after = "", text(parts)
        merged.changes.append(Change(path.name, current, after))
        merged.state[name] = {**(before or {}), **{part.name: digest(part.text) for part in parts}}
    merged.left = [name for name in known if name not in proposed and (directory / f"{name}.toml").exists()]
    return merged


def write(directory: Path, merged: Merged, answers: Mapping[str, Any] | None = None) -> None:
    """Writes what changed, each file whole or not at all; what was generated, and by which answers of the user."""
    directory.mkdir(parents=True, exist_ok=True)
    for change in merged.changes:
        if change.kind != "unchanged":
            _put(directory / change.file, change.after)
    state = {"answers": dict(answers or {}), "blocks": merged.state}
    _put(directory / STATE, json.dumps(state, indent=1, sort_keys=True) + "\n")


def _put(path: Path, content: str) -> None:
    draft = path.with_name(f"{path.name}.tmp")
    draft.write_text(content, encoding="utf-8")
    draft.replace(path)


def answers(directory: Path) -> dict[str, Any]:
    """What the user said in earlier runs."""
    found = _read_state(directory).get("answers", {})
    return found if isinstance(found, dict) else {}


def _read_state(directory: Path) -> dict[str, Any]:
    try:
        found = json.loads((directory / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def digest(block: str) -> str:
    """Of the text without blank lines at its end."""
    return hashlib.sha256(block.rstrip().encode()).hexdigest()[:12]


def _merged(proposed: Sequence[Block], content: str, known: Mapping[str, str]) -> str:
    """The file as it is, with generated blocks in their new form, new blocks in their places, and no others touched."""
    new = {part.name: part for part in proposed}
    current = cut(content)
    mine = {part.name for part in current}
    kept: list[Block] = []
    for part in current:
        generated = known.get(part.name) == digest(part.text)
        if not generated:
            kept.append(part)
        elif part.name in new:
            kept.append(new[part.name])
        # else: generated before, and no longer proposed
    have = {part.name for part in kept}
    added = [p for p in proposed if p.name not in mine and p.name not in known and _makes_sense(p, have, new)]
    names = [part.name for part in proposed]
    for part in added:
        before = set(names[: names.index(part.name)])
        place = max((i + 1 for i, old in enumerate(kept) if old.name in before), default=0)
        kept.insert(place, part)
    same = len(kept) == len(current) and all(
        k.name == c.name and digest(k.text) == digest(c.text) for k, c in zip(kept, current, strict=True)
    )
    return content if same else text(kept)


def _makes_sense(part: Block, have: set[str], new: Mapping[str, Block]) -> bool:
    """A column line without its property, or a navigation over a property that somebody deleted, is not added."""
    if part.name.startswith("sql.columns."):
        name = part.name.removeprefix("sql.columns.")
        return f"properties.{name}" in have or (f"properties.{name}" in new and part.name not in have)
    return True


def cut(content: str) -> list[Block]:
    """A file as blocks: each table with the comments above it, each line of ``[sql.columns]`` with those above it."""
    found: list[Block] = []
    name = ""
    lines: list[str] = []
    waiting: list[str] = []

    def close() -> None:
        if lines or not found:
            found.append(Block(name, "".join(lines).rstrip() + "\n"))

    inside = False
    for line in content.splitlines(keepends=True):
        stripped = line.strip()
        table = _TABLE.match(stripped)
        pair = _PAIR.match(line) if name.startswith("sql.columns") and not inside else None
        if not stripped or stripped.startswith("#"):
            waiting.append(line)
            continue
        if table is not None and not inside:
            close()
            name = _plain(table[1])
            lines = [*_comments(waiting), line]
        elif pair is not None:
            close()
            name = f"sql.columns.{next(g for g in pair.groups() if g is not None)}"
            lines = [*_comments(waiting), line]
            inside = _unclosed(line)
        else:
            lines += [*waiting, line]
            inside = _unclosed(line) if not inside else not _closes(line)
        waiting = []
    close()
    if any(line.strip() for line in waiting):
        found.append(Block("left out", "".join(waiting).strip() + "\n"))
    return found


def _plain(table: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in table.split("."))


def _comments(waiting: Sequence[str]) -> list[str]:
    """Comments without the blank lines around them."""
    found = "".join(waiting).strip("\n")
    return [f"{found}\n"] if found.strip() else []


def _unclosed(line: str) -> bool:
    """Whether a value goes on in the next line: a list or a table that is open."""
    body = re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*', "", line)
    return body.count("[") + body.count("{") > body.count("]") + body.count("}")


def _closes(line: str) -> bool:
    body = re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*', "", line)
    return body.count("]") + body.count("}") > body.count("[") + body.count("{")
