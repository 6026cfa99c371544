"""A request and a response as plain values: what Flask, the CLI, ``$batch`` parts and the tests hand to the service."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar, overload

_T = TypeVar("_T")


class Headers(Mapping[str, str]):
    """Header fields with case-insensitive names; several of one name are joined with a comma (RFC 9110, 5.3)."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[str, str]] | Mapping[str, str] = ()) -> None:
        pairs = fields.items() if isinstance(fields, Mapping) else fields
        joined: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            joined[key] = f"{joined[key]}, {value}" if key in joined else value
        self._fields = joined

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> "Iterable[str]":  # type: ignore[override]
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"


class WsgiHeaders(Headers):
    """The header fields of a WSGI request, looked up where they are."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: str) -> str: ...
    @overload
    def get(self, name: str, /, default: _T) -> str | _T: ...
    def get(self, name: str, /, default: object = None) -> object:
        key = _wsgi_name(name)
        value = self._environ.get(key)
        return default if value is None or (value == "" and key in _CONTENT.values()) else value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> "Iterable[str]":  # type: ignore[override]
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> list[str]:
        fields = [key[5:] for key in self._environ if key[:5] == "HTTP_" and key[5:] not in _CONTENT.values()]
        names = [field.replace("_", "-").lower() for field in fields]
        return [*names, *(name for name in _CONTENT if name in self)]


#: Fields that WSGI has under names of their own, empty where the request has none.
_CONTENT = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


@lru_cache(maxsize=256)
def _wsgi_name(name: str) -> str:
    lower = name.lower()
    return _CONTENT.get(lower) or f"HTTP_{lower.replace('-', '_').upper()}"


@dataclass(frozen=True, slots=True)
class ODataRequest:
    """One request. ``path`` is the raw (still percent-encoded) path below the service root without a leading slash,
    ``query`` the raw query string without ``?``, ``posted`` more of it, from the body of a ``POST .../$query``.
    ``root`` is the public URL of the service root, ending in ``/``.
    """

    method: str
    path: str
    query: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    root: str = "http://localhost/odata/v4/"
    correlation_id: str = "-"
    posted: str = ""

    @property
    def options(self) -> str:
        """The query options of the URL and of the body, as one query string."""
        return f"{self.query}&{self.posted}" if self.query and self.posted else self.query or self.posted


@dataclass(frozen=True, slots=True)
class ODataResponse:
    """One response; ``headers`` keeps order and spelling. Of a ``repeated`` one the body is an object that was given
    before.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    repeated: bool = False

    def header(self, name: str) -> str | None:
        """The first header field of that name, in any case."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)
