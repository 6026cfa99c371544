"""How an answer is kept: its rows with the time at which the ERP gave them, and as bytes that nobody can forge.

Bytes are msgpack, column by column with a letter for the type, because that is typed, exact and quick; never pickle.
They are signed together with the name under which they stand, so that an entry copied elsewhere is none.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Optional
from uuid import UUID

import msgspec

from erp_adapters.base import Row

_SIGNATURE = hashlib.sha256().digest_size
#: Letter of a column's type, and how it is read. An empty letter is a column of nulls.
_TYPES: dict[str, Any] = {
    "s": str, "i": int, "n": Decimal, "d": date, "t": datetime, "c": time, "b": bool, "f": float, "g": UUID,
    "p": timedelta, "x": bytes,
}  # fmt: skip
_LETTERS: dict[type, str] = {kind: letter for letter, kind in _TYPES.items()}
_READERS: dict[str, msgspec.msgpack.Decoder[Any]] = {
    letter: msgspec.msgpack.Decoder(list[Optional[kind]])  # type: ignore[valid-type]  # noqa: UP045
    for letter, kind in _TYPES.items()
}
_READERS[""] = msgspec.msgpack.Decoder(list[None])


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer. ``fetched`` is when the ERP was asked, in seconds of the epoch; ``took`` how many it needed.
    ``derived`` if it was made from the answer to another question.
    """

    columns: tuple[str, ...]
    rows: Sequence[Row]
    count: int | None
    fetched: float
    took: float = 0.0
    derived: bool = False

    def projected(self, columns: tuple[str, ...]) -> Sequence[Row] | None:
        """The rows with these columns; ``None`` if one is missing."""
        if columns == self.columns:
            return self.rows
        try:
            places = [self.columns.index(name) for name in columns]
        except ValueError:
            return None
        return [tuple([row[place] for place in places]) for row in self.rows]


class _Stored(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    fetched: float
    count: int | None
    number: int
    columns: list[str]
    letters: list[str]
    values: list[msgspec.Raw]
    took: float = 0.0


_READ = msgspec.msgpack.Decoder(_Stored)


def packed(entry: Entry, name: str, secret: bytes, most: int) -> bytes | None:
    """The entry as signed bytes for the place ``name``; ``None`` if that would be more than ``most``, or if a column
    holds values of several types."""
    columns = list(zip(*entry.rows, strict=True)) if entry.rows else [()] * len(entry.columns)
    letters = [_letter(values) for values in columns]
    if None in letters:
        return None
    content = _Stored(
        entry.fetched,
        entry.count,
        len(entry.rows),
        list(entry.columns),
        [letter for letter in letters if letter is not None],
        [msgspec.Raw(msgspec.msgpack.encode(values)) for values in columns],
        entry.took,
    )
    body = msgspec.msgpack.encode(content)
    if len(body) + _SIGNATURE > most:
        return None
    return _sign(body, name, secret) + body


def _letter(values: Sequence[Any]) -> str | None:
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return ""
    return _LETTERS.get(kinds.pop()) if len(kinds) == 1 else None


def unpacked(data: object, name: str, secret: bytes, most: int) -> Entry | None:
    """The entry that stands at ``name``; ``None`` for anything that is not one of ours for that place."""
    if not isinstance(data, bytes) or not _SIGNATURE < len(data) <= most:
        return None
    signature, body = data[:_SIGNATURE], data[_SIGNATURE:]
    if not hmac.compare_digest(signature, _sign(body, name, secret)):
        return None
    try:
        content = _READ.decode(body)
        columns = [_READERS[letter].decode(raw) for letter, raw in zip(content.letters, content.values, strict=True)]
        rows = list(zip(*columns, strict=True)) if columns else [()] * content.number
    except (msgspec.MsgspecError, KeyError, ValueError):
        return None
    if len(rows) != content.number or len(content.columns) != len(columns):
        return None
    return Entry(tuple(content.columns), rows, content.count, content.fetched, content.took)


def _sign(body: bytes, name: str, secret: bytes) -> bytes:
    return hmac.digest(secret, name.encode() + b"\0" + body, hashlib.sha256)
