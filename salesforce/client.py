"""The callouts of Salesforce Connect: HTTP GETs with its headers, its spelling of URLs and its limits."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urljoin

import requests

from salesforce.csdl import CsdlError, Metadata, read
from salesforce.errors import ExternalSystemError
from salesforce.profile import Profile

MAX_RESPONSE = 8 * 1024 * 1024
#: Seconds that a callout may take.
TIMEOUT = 120.0
NOT_FOUND = 404
_CHUNK = 65_536

Options = Sequence[tuple[str, str]]
"""System query options in the order in which they are sent, with values as people read them."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One callout: what was asked and what it cost. ``status`` is 0 without an answer."""

    method: str
    url: str
    status: int
    size: int
    seconds: float

    @property
    def readable(self) -> str:
        """The URL as people read it."""
        return unquote(self.url.replace("+", " "))


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, whole. Header names are looked up in any letter case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """A collection: rows with the exact numbers that were written, total, links to the next page and to later changes,
    context, headers.
    """

    rows: tuple[dict[str, Any], ...]
    count: int | None
    next_link: str | None
    context: str = ""
    delta_link: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Client:
    """A service below ``root``. ``session`` signs in; ``exchanges`` grows with every callout."""

    root: str
    session: requests.Session
    profile: Profile = field(default_factory=Profile)
    timeout: float = TIMEOUT
    exchanges: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = self.root.rstrip("/") + "/"

    def metadata(self) -> Metadata:
        """The model. Raises ``ExternalSystemError``, also for what is no CSDL."""
        return self.read_metadata(self.metadata_document())

    def metadata_document(self) -> Answer:
        """The document with the model, as it is."""
        headers = {"Accept": "application/xml", "OData-MaxVersion": self.profile.adapter}
        return self.send(self.root + "$metadata", headers)

    def read_metadata(self, answer: Answer) -> Metadata:
        """The model in a document that was answered. Raises ``ExternalSystemError``."""
        _check_status(answer)
        try:
            return read(answer.body)
        except CsdlError as error:
            raise ExternalSystemError(f"The metadata of the external system cannot be read: {error}") from None

    def page(self, path: str, options: Options) -> Page:
        """The first page of a collection."""
        return self.page_at(self.url(path, options))

    def page_at(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        """The page at a whole URL, such as a next link; ``headers`` are further ones. Raises ``ExternalSystemError``
        for what Salesforce could not read: a status of 400 and more, no JSON, no ``value``.
        """
        answer = self.send(url, self.profile.headers | dict(headers or {}))
        _check_status(answer)
        content = _content(answer)
        rows = content.get("value") if isinstance(content, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ExternalSystemError("The response has no array of entities in value", answer.status)
        count = _control(content, "count")
        links = (_control(content, name) for name in ("nextLink", "deltaLink"))
        # Relative links start where the context does, which is below the root.
        following, later = (urljoin(self.root, link) if isinstance(link, str) else None for link in links)
        total = count if isinstance(count, int) and not isinstance(count, bool) else None
        return Page(tuple(rows), total, following, str(_control(content, "context") or ""), later, answer.headers)

    def entity(self, set_name: str, key: Sequence[tuple[str, str]], options: Options) -> dict[str, Any] | None:
        """The entity at its own URL, by properties of its key with their values in OData; ``None`` if there is none."""
        inner = key[0][1] if len(key) == 1 else ",".join(f"{name}={value}" for name, value in key)
        _, question, query = self.url("", options).partition("?")
        url = f"{self.root}{quote(set_name)}({quote(inner, safe='')}){question}{query}"
        answer = self.send(url, self.profile.headers)
        if answer.status == NOT_FOUND:
            return None
        _check_status(answer)
        content = _content(answer)
        if not isinstance(content, dict) or "value" in content:
            raise ExternalSystemError("The response is not an entity", answer.status)
        return content

    def url(self, path: str, options: Options) -> str:
        """The URL as the profile spells it."""
        spell = _SPELLINGS[self.profile.encoding]
        query = "&".join(f"{spell(name)}={spell(value)}" for name, value in options)
        return f"{self.root}{quote(path)}{'?' if query else ''}{query}"

    def send(self, url: str, headers: Mapping[str, str]) -> Answer:
        """A GET, as it is. Raises ``ExternalSystemError`` without an answer in time, and for more than 8 MB."""
        started = time.monotonic()
        status, body = 0, bytearray()
        try:
            with self.session.get(
                url, headers=dict(headers), timeout=self.timeout, stream=True, allow_redirects=False
            ) as response:
                status = response.status_code
                for chunk in response.iter_content(_CHUNK):
                    body += chunk
                    if len(body) > MAX_RESPONSE:
                        message = "The OData query result was too large, so the external data didn't load."
                        raise ExternalSystemError(message, status)
                    if time.monotonic() - started > self.timeout:
                        raise ExternalSystemError(f"No whole response within {self.timeout:.0f} s", status)
        except requests.RequestException as error:
            raise ExternalSystemError(f"Unable to connect to external system: {_reason(error)}") from None
        finally:
            self.exchanges.append(Exchange("GET", url, status, len(body), time.monotonic() - started))
        return Answer(status, response.headers, bytes(body))


def _check_status(answer: Answer) -> None:
    if answer.status >= 300:
        message = f"Error received from the external system: {error_message(answer)}"
        raise ExternalSystemError(message, answer.status)


def _content(answer: Answer) -> Any:
    try:
        return json.loads(answer.body, parse_float=Decimal)
    except ValueError as error:
        raise ExternalSystemError(f"The response is not JSON: {error}", answer.status) from None


def error_message(answer: Answer) -> str:
    """What an error says, as Salesforce shows it to people: the message of an OData error, else the status."""
    try:
        return str(json.loads(answer.body)["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return f"HTTP status {answer.status}"


def _control(content: Mapping[str, Any], name: str) -> object:
    return content.get(f"@odata.{name}", content.get(f"@{name}"))


def _reason(error: requests.RequestException) -> str:
    """The innermost cause: what requests wraps around it says where, which the caller knows."""
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    return str(cause) or type(cause).__name__


def _plus(text: str) -> str:
    return quote_plus(text, safe="$'(),:/@*-._~")


def _percent(text: str) -> str:
    return quote(text, safe="$'(),:/@*-._~")


def _olingo(text: str) -> str:
    return quote(text, safe="-._~'")


_SPELLINGS: Mapping[str, Callable[[str], str]] = {"plus": _plus, "percent": _percent, "olingo": _olingo}
