"""JSON from strangers, looked over before it is decoded: what typed decoders would let pass, or break on.

They keep the last of two members of one name, and go down as deep as the text does.
"""

import json
import re
from typing import Any

from edm.errors import ODataError

MAX_DEPTH = 64

_STRING = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(code for code in range(256) if code not in b"[]{}")
_OPENING = frozenset(b"[{")


def checked_json(body: bytes, depth: int = MAX_DEPTH) -> tuple[bytes, dict[str, Any]]:
    """The body without byte order mark, and an outline: the members of the outermost object, in which numbers are
    text and objects are ``None``; empty if the outermost value is no object.

    Raises ``syntax`` for what is not JSON in UTF-8, for a name that an object has twice and for NaN and infinities;
    ``limit_exceeded`` for more than ``depth`` arrays and objects within one another.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    _check_depth(body, depth)
    last: dict[str, Any] = {}

    def visit(pairs: list[tuple[str, Any]]) -> None:
        nonlocal last
        last = dict(pairs)
        if len(last) != len(pairs):
            raise ODataError("syntax", "An object in the JSON of the request has two members of one name.")

    try:
        text = body.decode("utf-8")
        json.loads(text, object_pairs_hook=visit, parse_constant=_refuse, parse_int=str, parse_float=str)
    except ValueError as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise ODataError("syntax", f"The request body is not JSON in UTF-8{where}.") from None
    return body, last if text.lstrip()[:1] == "{" else {}  # the outermost object ends last


def _check_depth(body: bytes, most: int) -> None:
    depth = 0
    for sign in _STRING.sub(b"", body).translate(None, _NO_BRACKETS):
        depth += 1 if sign in _OPENING else -1
        if depth > most:
            raise ODataError("limit_exceeded", f"The JSON of the request is nested more than {most} levels deep.")


def _refuse(constant: str) -> None:
    raise ValueError(constant)
