"""A small V4 service over HTTP, as it is or with the limits and lies of others, and a service that publishes it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

import msgspec
from lxml import etree

from edm.model import EntitySet, ServiceMetadata
from erp_adapters.memory import MemoryAdapter
from erp_adapters.odata import source
from erp_adapters.odata.source import ODataSource
from erp_adapters.records.adapter import RecordAdapter
from erp_adapters.transport import Remote
from odata_server.service import Service, ServiceOptions
from tests.adapters.upstream import listening
from tests.engine.small import DATA, METADATA, NOW, SECRET
from tests.serving import application

OPTIONS = ServiceOptions(scan_budget=1_000_000, deadline=600)


def published(metadata: ServiceMetadata = METADATA, **options: Any) -> ServiceMetadata:
    """The same model, its rows those of the upstream service."""
    return replace(metadata, sets=tuple(_from_upstream(found, options) for found in metadata.sets))


def _from_upstream(entity_set: EntitySet, options: Mapping[str, Any]) -> EntitySet:
    section = {
        "source": "odata",
        "entity": entity_set.name,
        "fields": {name: name for name in entity_set.type.names},
        "navigation": {link.name: link.name for link in entity_set.type.navigation},
        **options,
    }
    return replace(entity_set, sources={"odata": section})


def service(url: str, options: Mapping[str, Any], **section: Any) -> Service:
    """A service over the one at ``url``."""
    metadata = published(**section)
    adapter = RecordAdapter(source(Remote(url, options=options), {}), metadata, "odata")
    return Service(metadata, adapter, (SECRET,), OPTIONS, clock=lambda: NOW)


def upstream(service: Service) -> ODataSource:
    """The source behind a service."""
    adapter: Any = service.adapter
    found: ODataSource = adapter.source
    return found


Start = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], Start], Iterable[bytes]]


@dataclass
class Limited:
    """A service in front of another one that knows less of OData than it could, and says nothing of it.

    ``plain``: its metadata has no annotations. ``refuses``: patterns of ``$filter`` and ``$orderby`` that are answered
    with a status and words. ``ignores``: patterns of ``$filter`` that are as good as none. ``drops``: query options that
    are ignored. ``changes`` turns the body of an answer into another one, ``document`` the metadata. ``apart``: ``or`` on
    distinct fields is refused.
    """

    app: Wsgi
    plain: bool = True
    refuses: dict[str, tuple[int, str]] = field(default_factory=dict)
    ignores: list[str] = field(default_factory=list)
    drops: list[str] = field(default_factory=list)
    changes: Callable[[bytes], bytes] = lambda body: body
    document: Callable[[bytes], bytes] = lambda body: body
    apart: bool = False
    asked: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        path, query = environ["PATH_INFO"], unquote(environ.get("QUERY_STRING", ""))
        if path.endswith("$metadata"):
            return self._metadata(environ, start_response)
        self.asked.append(f"{path.rpartition('/')[2]}?{query}")
        options = dict(part.partition("=")[::2] for part in environ["QUERY_STRING"].split("&") if part)
        condition = unquote(options.get("$filter", ""))
        for pattern, (status, words) in self.refuses.items():
            if re.search(pattern, f"{condition} {unquote(options.get('$orderby', ''))}"):
                return _refused(status, words, start_response)
        if self.apart and len(_alternatives(condition)) > 1:
            words = "The 'OR' operator is not supported on distinct fields on an OData filter."
            return _refused(400, words, start_response)
        if any(re.search(pattern, condition) for pattern in self.ignores):
            del options["$filter"]
        kept = {name: text for name, text in options.items() if name not in self.drops}
        changed = {"QUERY_STRING": "&".join(f"{name}={text}" for name, text in kept.items())}
        changed["RAW_URI"] = f"{path}?{changed['QUERY_STRING']}"
        return self._changed({**environ, **changed}, start_response)

    def _changed(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        told: list[Any] = []
        body = b"".join(self.app(environ, lambda *args: told.extend(args)))
        body = self.changes(body)
        headers = [(n, v) for n, v in told[1] if n.lower() != "content-length"]
        start_response(told[0], [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def _metadata(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        told: list[Any] = []
        root = etree.fromstring(b"".join(self.app(environ, lambda *args: told.extend(args))))
        for element in list(root.iter("{*}Annotation")) if self.plain else []:
            parent = element.getparent()
            assert parent is not None
            parent.remove(element)
        body = self.document(etree.tostring(root))
        start_response("200 OK", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]


def _refused(status: int, words: str, start_response: Start) -> Iterable[bytes]:
    body = msgspec.json.encode({"error": {"code": "BadRequest", "message": words}})
    start_response(f"{status} No", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _alternatives(condition: str) -> set[str]:
    """Fields of a condition that has an ``or``, as far as the text tells."""
    if " or " not in condition:
        return set()
    return set(re.findall(r"([A-Za-z/]+) (?:eq|ne|lt|le|gt|ge) ", re.sub(r"'[^']*'", "''", condition)))


@contextmanager
def serving(**limits: Any) -> Iterator[tuple[str, Limited]]:
    """The URL of the small service with these limits, and what stands in front of it."""
    made: list[Limited] = []

    def make(url: str) -> Limited:
        made.append(Limited(application(MemoryAdapter(METADATA, DATA), url, METADATA).app.wsgi_app, **limits))
        return made[0]

    with listening(make) as url:
        yield f"{url}/odata/v4", made[0]
