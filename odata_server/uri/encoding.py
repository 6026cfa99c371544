"""Percent-decoding, once and strictly: what is not UTF-8, or hides control characters, is refused (RFC 3986,
2.1).
"""

import re
from urllib.parse import unquote_to_bytes

from edm.errors import ODataError

_BAD_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
#: Tab is a blank of the grammar; everything else below the blank, and DEL, has no business in a URL.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
#: What clients encode most, decoded at the speed of ``str.replace``: in a list of keys nearly every sign is encoded.
_COMMON = (("%20", " "), ("%27", "'"), ("%28", "("), ("%29", ")"), ("%2C", ","), ("%3A", ":"), ("%2F", "/"))


def decode(raw: str, what: str, *, plus: bool) -> str:
    """``raw`` decoded. ``plus``: whether ``+`` is a blank, as it is in the query but not in the path.

    Characters beyond ASCII that are not encoded stand for themselves.
    """
    if raw.isascii() and raw.isprintable() and "%" not in raw and not (plus and "+" in raw):
        return raw
    text = raw.replace("+", " ") if plus else raw
    if "%" in text:
        for escape, sign in _COMMON:
            text = text.replace(escape, sign)
    if "%" in text:
        bad = _BAD_PERCENT.search(text)
        if bad:
            hint = "A percent sign that stands for itself is written %25."
            raise ODataError("bad_encoding", f"A percent sign in {what} is not followed by two hex digits.", hint=hint)
        try:
            text = unquote_to_bytes(text).decode("utf-8")
        except UnicodeError:
            raise ODataError("bad_encoding", f"{_capital(what)} is not percent-encoded UTF-8.") from None
    elif not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ODataError("bad_encoding", f"{_capital(what)} is not UTF-8.")
    if not text.isprintable() and _CONTROL.search(text):
        raise ODataError("bad_encoding", f"{_capital(what)} holds a control character.")
    return text


def _capital(what: str) -> str:
    return what[:1].upper() + what[1:]
