"""What an ERP answered, as a value, and its JSON: exact numbers, no surprises.

That a status is an error is decided in ``statuses``; what the values mean is the kind's business.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from erp_adapters.base import BadAnswer
from erp_adapters.transport.links import shown

_CHARSET = re.compile(r'charset\s*=\s*"?([\w.:-]+)', re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"
#: Digits before or behind the point of a number that somebody means. Of a number with more an integer would take the
#: memory of a gigabyte.
_DIGITS = 400


def _number(text: str) -> Decimal:
    found = Decimal(text)
    if "e" in text.lower() and abs(found.adjusted()) > _DIGITS:
        raise ValueError("a number that is no data")
    return found


_DECODER = msgspec.json.Decoder(float_hook=_number)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, whole. ``headers`` are found in any letter case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str

    def json(self) -> Any:
        """The JSON of the body: numbers with a point are ``Decimal``. ``BadAnswer`` if it is not well-formed."""
        return json_of(self.body, self.headers.get("Content-Type", ""), shown(self.url))

    def text(self) -> str:
        """The body as text; what is not in its character set is replaced."""
        return self.body.decode(_charset(self.headers.get("Content-Type", "")), errors="replace")


def json_of(body: bytes, content_type: str, where: str) -> Any:
    """The decoded body."""
    try:
        charset = _charset(content_type)
        plain = body if charset == "utf-8" else body.decode(charset).encode()
        return _DECODER.decode(plain.removeprefix(_BOM))
    except (msgspec.DecodeError, ValueError, RecursionError, ArithmeticError) as error:
        # The decoder's words name positions, never content.
        raise BadAnswer(
            f"{where}: no JSON: {error if isinstance(error, msgspec.DecodeError) else type(error)}"
        ) from None


def _charset(content_type: str) -> str:
    found = _CHARSET.search(content_type)
    name = found[1].lower() if found else "utf-8"
    try:
        return "utf-8" if name in ("utf8", "utf-8") or b"x".decode(name) != "x" else name
    except (LookupError, UnicodeError):
        return "utf-8"


def check_type(answer: Answer, expect: str) -> None:
    """``BadAnswer`` if the body is of another kind: a login page, or the maintenance page of a proxy.

    ``expect`` is a media type; ``*/*`` takes anything but a page for people.
    """
    found = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not expect or not answer.body or _fits(found, expect, answer.body):
        return
    raise BadAnswer(f"{shown(answer.url)}: {found[:80]!r} instead of {expect}")


def _fits(found: str, expect: str, body: bytes) -> bool:
    kind = expect.rpartition("/")[2].rpartition("+")[2]
    if kind == "*":
        return found not in ("text/html", "application/xhtml+xml")
    if found in ("", "text/plain", "application/octet-stream") and kind == "json":
        return body.removeprefix(_BOM).lstrip()[:1] in (b"{", b"[")
    return found == expect or found.rpartition("/")[2].rpartition("+")[2] == kind
