"""Parses URLs: the resource path, and the query string into its options. Names are not checked against a
model here.

``parse_path`` lives in ``resource_path``. Each option's value is read by the function that ``_SYSTEM`` names
for it.
"""

import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import lru_cache

from edm.errors import ODataError
from odata_server.uri.apply import parse_apply
from odata_server.uri.encoding import decode
from odata_server.uri.lexer import is_identifier
from odata_server.uri.limits import DEFAULT_LIMITS, Limits, exceeded
from odata_server.uri.lists import INT64_MAX
from odata_server.uri.nested import SYSTEM_OPTIONS
from odata_server.uri.parser import parse_expression
from odata_server.uri.resource_path import parse_path
from odata_server.uri.search import parse_search
from odata_server.uri.select_expand import (
    parse_compute,
    parse_expand,
    parse_orderby,
    parse_select,
)
from odata_server.uri.syntax import Option, QueryOptions

__all__ = ["parse_path", "parse_query"]

#: Reads the decoded text of an option; what it raises is placed in that text.
Reader = Callable[[str, Limits], object]

_SCHEMA_VERSION = re.compile(r"\*|[A-Za-z0-9._~-]+", re.ASCII)
_FORMAT = re.compile(r"atom|json|xml|[^\s/]+/\S.*", re.IGNORECASE)
_INTEGER = re.compile("-?[0-9]+", re.ASCII)
#: Query options of other versions of OData, and what to use instead.
_FORMER = {
    "$inlinecount": "Use $count=true.",
    "$links": "Use /$ref in the path.",
    "$value": "Put /$value at the end of the path.",
    "$ref": "Put /$ref at the end of the path.",
}


def parse_query(query: str, limits: Limits = DEFAULT_LIMITS) -> QueryOptions:
    """The options of a raw query string (without the question mark).

    It is cut at ``&`` and at the first ``=`` before anything is decoded; ``+`` is a blank. System options may
    be written with or without ``$`` and in any case (4.01); each may occur once. A name that is neither a
    system option nor an alias belongs to somebody else: it is kept and never refused.
    """
    if "#" in query:
        raise ODataError("syntax", "A query cannot hold the sign #.", hint="Write # as %23.")
    system: dict[str, Option] = {}
    aliases: dict[str, Option] = {}
    custom: list[tuple[str, str]] = []
    pieces = [piece for piece in query.split("&") if piece]
    if len(pieces) > limits.options:
        raise exceeded("options", limits)
    for piece in pieces:
        raw_name, equals, raw_value = piece.partition("=")
        name = canonical_name(decode(raw_name, "the name of a query option", plus=True))
        if name[:1] not in ("$", "@"):
            custom.append((name, decode(raw_value, f"the query option {name}", plus=True)))
            continue
        found = system if name[0] == "$" else aliases
        if name in found:
            raise ODataError("duplicate_option", f"The query option {name} is given twice.", target=name)
        if not equals:
            raise ODataError("syntax", f"The query option {name} has no value.", target=name, position=0, text="")
        found[name] = _option(name, raw_value, limits)
    return QueryOptions(system, aliases, tuple(custom))


@lru_cache(maxsize=256)
def canonical_name(name: str) -> str:
    """``$filter`` for every spelling of it, ``@x`` for an alias; any other name as it is.

    Raises for names with ``$`` or ``@`` that cannot be option names.
    """
    lower = name.lower()
    if lower.removeprefix("$") in SYSTEM_OPTIONS and lower != "levels":
        return "$" + lower.removeprefix("$")
    if name.lstrip()[:1] == "$":
        hint = _FORMER.get(lower) or _near(lower) or "The names of your own query options cannot start with $."
        message = f"{name[:80]!r} is not a query option."
        raise ODataError("unknown_option", message, target=name[:80].strip(), hint=hint)
    if name.startswith("@") and not is_identifier(name[1:]):
        message = f"{name[:80]} is not the name of a parameter alias."
        raise ODataError("syntax", message, target=name[:80], position=0, text=name)
    return name


def _near(name: str) -> str | None:
    if name.strip() != name:
        return "Remove the blanks around its name."
    near = get_close_matches(name.removeprefix("$")[:80], sorted(SYSTEM_OPTIONS), n=1)
    return f"Did you mean ${near[0]}?" if near else None


def _option(name: str, raw: str, limits: Limits) -> Option:
    text = ""
    try:
        text = decode(raw, f"the query option {name}", plus=True)
        if name == "$search" and ";" in raw:
            hint = "Write ; as %3B."
            raise ODataError("syntax", "A bare semicolon cannot be searched for.", position=text.find(";"), hint=hint)
        return Option(name, text, _SYSTEM.get(name, _expression)(text, limits))
    except ODataError as error:
        raise error.located(name, text or None) from None


# --- values -----------------------------------------------------------------------------------------------


def _expression(text: str, limits: Limits) -> object:
    return parse_expression(text, limits)


def _search(text: str, limits: Limits) -> object:
    return parse_search(text, limits=limits)


def _whole_number(text: str, limits: Limits) -> int:
    if not (text.isascii() and text.isdigit()):
        raise _malformed(text, "a whole number, such as 25")
    if len(text) > 40 or int(text) > INT64_MAX:
        raise ODataError("value_out_of_range", f"{text[:40]} is too large.", position=0)
    return int(text)


def _integer(text: str, limits: Limits) -> int:
    if not _INTEGER.fullmatch(text):
        raise _malformed(text, "an integer")
    return -_whole_number(text[1:], limits) if text[0] == "-" else _whole_number(text, limits)


def _boolean(text: str, limits: Limits) -> bool:
    if text.lower() not in ("true", "false"):
        raise _malformed(text, "true or false")
    return text.lower() == "true"


def _format(text: str, limits: Limits) -> str:
    if not _FORMAT.fullmatch(text):
        raise ODataError(
            "unsupported_media_type",
            f"{text[:80]!r} is not a format.",
            hint="Use json, xml or a media type such as application/json;odata.metadata=minimal.",
        )
    return text


def _schema_version(text: str, limits: Limits) -> str:
    if not _SCHEMA_VERSION.fullmatch(text):
        raise _malformed(text, "a version of the schema, or *")
    return text


def _text(text: str, limits: Limits) -> str:
    if not text:
        raise _malformed(text, "a value")
    return text


def _misplaced(text: str, limits: Limits) -> object:
    raise ODataError(
        "option_not_allowed",
        "$levels is allowed only within $expand.",
        hint="For example $expand=Parent($levels=2).",
    )


def _malformed(text: str, expected: str) -> ODataError:
    shown = repr(text if len(text) <= 40 else text[:37] + "...") if text else "nothing"
    return ODataError("syntax", f"Expected {expected}, but found {shown}.", position=0)


def _kept(read: Reader) -> Reader:
    """``read``, which remembers what it read: clients send the same columns and the same order all day."""
    cached = lru_cache(maxsize=256)(read)
    return lambda text, limits: (cached if len(text) <= _KEPT_LENGTH else read)(text, limits)


#: Characters of the longest text that is worth remembering.
_KEPT_LENGTH = 1_000

_SYSTEM: dict[str, Reader] = {
    "$apply": parse_apply,
    "$compute": parse_compute,
    "$count": _boolean,
    "$deltatoken": _text,
    "$expand": _kept(parse_expand),
    "$filter": _expression,
    "$format": _format,
    "$id": _text,
    "$index": _integer,
    "$levels": _misplaced,
    "$orderby": _kept(parse_orderby),
    "$schemaversion": _schema_version,
    "$search": _search,
    "$select": _kept(parse_select),
    "$skip": _whole_number,
    "$skiptoken": _text,
    "$top": _whole_number,
}
