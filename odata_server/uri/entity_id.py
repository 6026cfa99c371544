"""``$entity?$id=...``: the resource path of an entity from its id (URL Conventions 4.13).

The id is a URL: absolute, relative to the host, or relative to the service root.
"""

import re
from dataclasses import replace
from urllib.parse import quote, urlsplit

from edm.errors import ODataError
from odata_server.uri.limits import Limits
from odata_server.uri.resource_path import parse_path
from odata_server.uri.syntax import QueryOptions, ResourcePath

ENTITY = "$entity"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//", re.ASCII)
#: What an option has decoded already may stand in a raw path as it is, escapes included.
_AS_IT_IS = "%!$&'()*+,;=:@/~"


def entity_by_id(
    path: ResourcePath, options: QueryOptions, root: str, limits: Limits
) -> tuple[ResourcePath, QueryOptions]:
    """The path that ``$id`` names, with a cast that follows ``$entity``, and the other options.

    Raises ``syntax`` without an id, ``not_found`` for an id of another service.
    """
    option = options.system.get("$id")
    if option is None:
        raise ODataError(
            "syntax", "$entity needs the id of an entity.", target="$id", hint="For example $entity?$id=Set('key')."
        )
    cast = path.segments[1:]
    if len(cast) > 1 or any("." not in segment.name or segment.arguments is not None for segment in cast):
        raise ODataError("not_found", "Nothing but a type follows $entity.", target="path")
    try:
        found = parse_path(quote(_below(option.text, root), safe=_AS_IT_IS), limits)
    except ODataError as error:
        error.target = "$id"
        raise
    rest = {name: other for name, other in options.system.items() if name != "$id"}
    return ResourcePath((*found.segments, *cast), found.text), replace(options, system=rest)


def _below(text: str, root: str) -> str:
    """The part of an id below the service root."""
    if "?" in text or "#" in text:
        raise ODataError("syntax", "An id has no query and no fragment.", position=0, text=text)
    prefix = urlsplit(root).path if text.startswith("/") and not text.startswith("//") else root
    if text.startswith(prefix):
        return text.removeprefix(prefix)
    if _SCHEME.match(text) or text.startswith("/"):
        raise ODataError("not_found", "The id is not one of this service.", hint=f"Its ids start with {root}.")
    return text
