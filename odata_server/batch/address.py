"""URLs of requests within a batch: where below the service root they lead, if anywhere.

All forms of the standard are taken: absolute, absolute path, relative to the service root (Protocol 4.01, 11.7.2).
Nothing is ever sent to the URL that a client writes; what leads elsewhere is refused.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from odata_server.batch.parts import malformed

_ABSOLUTE = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?//([^/?#]*)(.*)", re.DOTALL)
_PORTS = {"http": "80", "https": "443"}
#: First segments that are the standard's own, and never the id of a request.
_RESERVED = frozenset({"$metadata", "$batch", "$entity", "$all", "$crossjoin"})


@dataclass(frozen=True, slots=True)
class Address:
    """Path and query below the service root, both still percent-encoded."""

    path: str
    query: str

    @property
    def reference(self) -> tuple[str, str] | None:
        """The id that the path starts with, and the rest of the path: ``$1/Items`` is ``("1", "/Items")``."""
        first, slash, rest = self.path.partition("/")
        first = unquote(first)
        if not first.startswith("$") or first.partition("(")[0] in _RESERVED or first == "$":
            return None
        return first[1:], slash + rest


def resolve(url: str, root: str, host: str | None = None) -> Address:
    """Where ``url`` leads. ``root`` is the public URL of the service root, ending in ``/``; ``host`` is what the
    client called this server in the enclosing request, which it may do in absolute URLs too.

    Raises ``bad_batch`` for another host, and for a path that is not below the root once its dots are resolved.
    """
    base = urlsplit(root)
    absolute = _ABSOLUTE.match(url)
    if absolute:
        scheme, authority, url = (absolute[1] or base.scheme).lower(), absolute[2], absolute[3]
        ours = _origin(base.scheme, base.netloc)
        same_name = host is not None and scheme in _PORTS and _origin(scheme, authority) == _origin(scheme, host)
        if _origin(scheme, authority) != ours and not same_name:
            raise malformed("A request within a batch cannot go to another host.", "url", f"The service root is {root}")
    path, _, query = url.partition("?")
    if not absolute and not path.startswith("/"):
        path = base.path + path
    return Address(_below(path, base.path, root), query)


def _origin(scheme: str, authority: str) -> tuple[str, str, str]:
    host, _, port = (
        authority.lower().rpartition(":") if re.search(r":[0-9]*$", authority) else (authority.lower(), "", "")
    )
    return scheme.lower(), host, port or _PORTS.get(scheme.lower(), "")


def _below(path: str, root_path: str, root: str) -> str:
    """The part of an absolute path below the root, after dot segments are resolved (RFC 3986, 5.2.4)."""
    segments: list[str] = []
    for segment in path[1:].split("/"):
        plain = segment.replace("%2e", ".").replace("%2E", ".") if "%" in segment else segment
        if plain == "..":
            if not segments:
                raise _outside(root)
            segments.pop()
        elif plain != ".":
            segments.append(segment)
    expected = root_path.strip("/").split("/")
    if [unquote(segment) for segment in segments[: len(expected)]] != expected:
        raise _outside(root)
    return "/".join(segments[len(expected) :]).lstrip("/")  # a root that ends in a slash, joined with a slash


def _outside(root: str) -> Exception:
    hint = f"URLs are absolute, start with {urlsplit(root).path}, or are relative to it."
    return malformed("A request within a batch must stay below the service root.", "url", hint)
