"""Where calls may go: to the origin of the configured URL and nowhere else, whatever the ERP's links say."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urljoin, urlsplit

from erp_adapters.base import BadAnswer

Params = Mapping[str, str] | Iterable[tuple[str, str]] | str | None

_PORTS = {"http": 80, "https": 443}
#: Characters that clients read differently: where one sees the end of the host, another one goes on.
_AMBIGUOUS = re.compile(r"[\x00-\x20\\\x7f]")
#: What OData and most APIs write plainly in a query; a blank is ``%20`` and never ``+``.
_PLAIN = "$'(),:@/*!~"


@dataclass(frozen=True, slots=True)
class Place:
    """The configured URL, with a slash at its end: what relative links are relative to."""

    root: str
    origin: tuple[str, str, int] = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.root)
        root = parts._replace(path=parts.path.rstrip("/") + "/", fragment="", query="").geturl()
        object.__setattr__(self, "root", root)
        object.__setattr__(self, "origin", _origin(root))

    def resolve(self, link: str, base: str | None = None) -> str:
        """The absolute URL of a link. ``BadAnswer`` if it leads to another scheme, host or port."""
        if _AMBIGUOUS.search(link):
            raise BadAnswer("a link with blanks, backslashes or control characters")
        try:
            url = urljoin(base or self.root, link)
            found = _origin(url)
        except ValueError:
            raise BadAnswer("a link that is no URL") from None
        if found != self.origin:
            raise BadAnswer("a link to {}://{}:{}, which is not the configured origin".format(*found))
        parts, own = urlsplit(url), urlsplit(self.root)
        return parts._replace(scheme=own.scheme, netloc=own.netloc, fragment="").geturl()


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError("must be an absolute http or https URL without user and password")
    return parts.scheme, parts.hostname.lower().rstrip("."), parts.port or _PORTS[parts.scheme]


def with_params(url: str, params: Params) -> str:
    """``url`` with query parameters more."""
    text = params if isinstance(params, str) else _encoded(params or ())
    if not text:
        return url
    return f"{url}{'&' if urlsplit(url).query else '?'}{text}"


def _encoded(params: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    pairs = list(params.items()) if isinstance(params, Mapping) else list(params)
    return urlencode(pairs, quote_via=quote, safe=_PLAIN)


def shown(url: str) -> str:
    """The URL for the log: without query, where business data and keys may stand."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


@dataclass(slots=True)
class Trail:
    """The next links of one answer in pages: none of them twice, and not without end."""

    most: int = 10_000
    _seen: set[str] = field(default_factory=set)

    def follow(self, link: str) -> str:
        """``link``, if it leads on."""
        if link in self._seen:
            raise BadAnswer("the link to the next page leads in a circle")
        if len(self._seen) >= self.most:
            raise BadAnswer(f"more than {self.most} pages")
        self._seen.add(link)
        return link
