"""What the tests of answers share: the demo ERP behind a ``Service`` or a real server, clients for both, its rows.

A ``Client`` sends a request to one of them and knows nothing of what is behind it, so that a test is written once. The
rows of ``demo_rows`` are read from the demo's tables with a mapping of their own, in plain Python: what the service
answers is checked against them, not against itself.
"""

import gzip
import http.client
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote_to_bytes

from flask import Flask
from pydantic import SecretStr

from edm.declare import load_directory
from edm.model import EntitySet, ServiceMetadata
from erp_adapters import sql
from erp_adapters.base import Adapter
from odata_server.auth import ANONYMOUS
from odata_server.messages import Headers, ODataRequest, ODataResponse
from odata_server.observe import Failed, Handled
from odata_server.service import Service, ServiceOptions

#: The public URL; a server under test is configured with it too, wherever it really listens.
PUBLIC_URL = "https://erp.example.com"
ROOT = f"{PUBLIC_URL}/odata/v4/"
SECRET = "tests only: 0123456789 abcdefghijklmnopqrstuvwxyz"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

#: Header sets of the Salesforce request catalogue.
READ = {
    "Accept": "application/json;odata.metadata=full",
    "Content-Type": "application/json;odata.metadata=full",
    "OData-Version": "4.0",
    "OData-MaxVersion": "4.0",
}
META = {"Accept": "application/xml", "OData-MaxVersion": "4.0"}
MINIMAL = {"Accept": "application/json;odata.metadata=minimal", "OData-MaxVersion": "4.0"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as the client sees it."""

    status: int
    headers: Headers
    body: bytes

    @property
    def json(self) -> Any:
        """The body; numbers with a point as ``Decimal``, duplicate members refused."""
        return json.loads(self.body, parse_float=Decimal, object_pairs_hook=_unique)

    @property
    def rows(self) -> list[dict[str, Any]]:
        assert self.status == 200, self.text
        found = self.json["value"]
        assert isinstance(found, list)
        return found

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def next(self) -> str | None:
        body = self.json
        link = body.get("@odata.nextLink", body.get("@nextLink"))
        assert link is None or isinstance(link, str)
        return link

    @property
    def count(self) -> int:
        body = self.json
        return int(body["@odata.count"] if "@odata.count" in body else body["@count"])

    @property
    def error(self) -> dict[str, Any]:
        found = self.json["error"]
        assert isinstance(found, dict)
        return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    assert len(members) == len(pairs), f"a member occurs twice in {[name for name, _ in pairs]}"
    return members


class Client(Protocol):
    """Sends requests. A target is relative to the service root, or an absolute URL below it, as it is on the wire;
    blanks and characters beyond ASCII are percent-encoded on the way.
    """

    def send(self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer: ...


def get(client: Client, target: str, **headers: str) -> Answer:
    """A GET; ``odata_maxversion="4.01"`` stands for the header OData-MaxVersion."""
    return client.send("GET", target, {_HEADERS.get(k, k.replace("_", "-")): v for k, v in headers.items()})


_HEADERS = {"odata_maxversion": "OData-MaxVersion", "odata_version": "OData-Version"}


def pages(client: Client, target: str, **headers: str) -> Iterator[Answer]:
    """The answer and all that its next links lead to."""
    link: str | None = target
    for _ in range(10_000):
        if link is None:
            return
        answer = get(client, link, **headers)
        assert answer.status == 200, answer.text
        yield answer
        link = answer.next
    raise AssertionError(f"{target} never ends")


def all_rows(client: Client, target: str, **headers: str) -> list[dict[str, Any]]:
    """The rows of all pages."""
    return [row for page in pages(client, target, **headers) for row in page.rows]


def on_the_wire(target: str) -> str:
    """The target without the root, in ASCII without blanks."""
    return quote(target.removeprefix(ROOT), safe="%!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")


# --- in process -----------------------------------------------------------------------------------------------------


class Failures(list[Failed | Handled]):
    """An observer that keeps what went wrong, so that a test can say more than 500."""

    def __call__(self, event: Failed | Handled) -> None:
        if isinstance(event, Failed):
            self.append(event)


@dataclass(frozen=True, slots=True, repr=False)
class InProcess:
    """A client that hands requests to ``Service.handle``."""

    service: Service

    def send(self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        path, _, query = on_the_wire(target).partition("?")
        return self.handle(ODataRequest(method, path, query, Headers(headers or {}), body, ROOT))

    def handle(self, request: ODataRequest) -> Answer:
        response: ODataResponse = self.service.handle(request, ANONYMOUS)
        failed = next((o[-1] for o in self.service.observers if isinstance(o, Failures) and o), None)
        if response.status == 500 and isinstance(failed, Failed):
            raise AssertionError(f"500 for {request!r:.600}") from failed.error
        return Answer(response.status, Headers(response.headers), response.body)


@lru_cache
def demo_metadata() -> ServiceMetadata:
    """The published model."""
    return load_directory(files("erp_adapters") / "catalog")


def serve(adapter: Adapter, metadata: ServiceMetadata | None = None, **options: Any) -> InProcess:
    """A client of a service over ``adapter`` whose clock stands still at the demo's today."""
    service = Service(
        metadata or demo_metadata(),
        adapter,
        (SECRET.encode(),),
        ServiceOptions(**{"deadline": 60.0} | options),
        (Failures(),),
        lambda: NOW,
    )
    return InProcess(service)


def connect(url: str) -> sql.SqlAdapter:
    """The SQL adapter as the service makes it."""
    return sql.connect(url, demo_metadata())


@contextmanager
def connected(url: str) -> Iterator[InProcess]:
    """A client of a service over the demo ERP at ``url``."""
    adapter = connect(url)
    try:
        yield serve(adapter)
    finally:
        adapter.close()


# --- over HTTP ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OverHTTP:
    """A client of a server that listens on a port of this machine."""

    port: int

    def send(self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, f"/odata/v4/{on_the_wire(target)}", body or None, dict(headers or {}))
            response = connection.getresponse()
            content = response.read()
            if response.headers.get("Content-Encoding") == "gzip":
                content = gzip.decompress(content)
            return Answer(response.status, Headers(response.getheaders()), content)


@contextmanager
def server(database_url: str, public_url: str | None = PUBLIC_URL) -> Iterator[OverHTTP]:
    """The service as it is run in production, on a free port, for anonymous callers of this machine. Without
    ``public_url`` its links lead to that port.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ERP_ODATA_", "PORT", "DATABASE_URL"))}
    environment |= {
        "ERP_ODATA_DATABASE_URL": database_url,
        "ERP_ODATA_PUBLIC_URL": public_url or f"http://127.0.0.1:{port}",
        "ERP_ODATA_HOST": "127.0.0.1",
        "ERP_ODATA_ANONYMOUS": "true",
        "ERP_ODATA_SECRET_KEY": SECRET,
        "WEB_CONCURRENCY": "1",
    }
    command = [sys.executable, "-m", "odata_server", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command, env=environment, cwd=Path(__file__).parents[1], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        _await(process, port)
        yield OverHTTP(port)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    client = OverHTTP(port)
    for _ in range(200):
        if process.poll() is not None:
            assert process.stderr is not None
            raise AssertionError(f"the server did not start: {process.stderr.read().decode()[-3000:]}")
        try:
            client.send("GET", "")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")


@dataclass(frozen=True, slots=True, repr=False)
class OverWSGI:
    """A client that calls the WSGI application with whatever bytes it is given."""

    app: Flask

    def raw(self, method: str, target: bytes, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        path, _, query = target.partition(b"?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "RAW_URI": target.decode("latin-1"),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        told: list[Any] = []

        def start_response(
            status: str, fields: list[tuple[str, str]], _: object = None, /
        ) -> Callable[[bytes], object]:
            told.extend((status, fields))
            return lambda written: None

        parts = self.app.wsgi_app(environ, start_response)
        try:
            content = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
        return Answer(int(told[0][:3]), Headers(told[1]), content)


def application(adapter: Adapter, public_url: str = PUBLIC_URL, metadata: ServiceMetadata | None = None) -> OverWSGI:
    """The whole application around ``adapter``, for anonymous callers of this machine."""
    from odata_server.app import create_app
    from odata_server.compose import compose
    from odata_server.settings import Settings

    settings = Settings(
        public_url=public_url, host="127.0.0.1", anonymous=True, secret_key=SecretStr(SECRET), log_level="error"
    )
    return OverWSGI(create_app(composition=compose(settings, adapter=adapter, metadata=metadata or demo_metadata())))


# --- the demo's rows, read without the service ----------------------------------------------------------------------

Row = dict[str, Any]
#: A row of the set's own table under "", and of each joined table (``None`` if it has none) under its alias.
Tables = dict[str, sqlite3.Row | None]


class DemoRows(Mapping[str, Sequence[Row]]):
    """All rows of each set by the catalog's mapping, from a demo ERP in SQLite, in the order of their keys."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._sets: dict[str, list[Row]] = {}

    def __getitem__(self, name: str) -> list[Row]:
        if name not in self._sets:
            entity_set = demo_metadata()[name]
            with closing(sqlite3.connect(self._database)) as connection:
                connection.row_factory = sqlite3.Row
                rows = list(_set_rows(entity_set, connection))
            self._sets[name] = sorted(rows, key=lambda row: str(row[entity_set.type.key]))
        return self._sets[name]

    def __iter__(self) -> Iterator[str]:
        return (s.name for s in demo_metadata().sets)

    def __len__(self) -> int:
        return len(demo_metadata().sets)


@lru_cache(maxsize=2)
def demo_rows(url: str) -> DemoRows:
    """The rows of the demo ERP at an SQLAlchemy URL of SQLite."""
    return DemoRows(url.removeprefix("sqlite:///"))


def _set_rows(entity_set: EntitySet, connection: sqlite3.Connection) -> Iterator[Row]:
    section = entity_set.sources["sql"]
    joins = {
        alias: (_index(join, connection), [_cell(name) for name in join["on"]])
        for alias, join in section.get("joins", {}).items()
    }
    columns = {name: _published(mapping) for name, mapping in section["columns"].items()}
    for own in connection.execute(f'SELECT * FROM "{section["table"]}"'):
        tables: Tables = {"": own}
        for alias, (index, key) in joins.items():
            tables[alias] = index.get(tuple(cell(tables) for cell in key))
        yield {name: read(tables) for name, read in columns.items()}


def _index(join: Mapping[str, Any], connection: sqlite3.Connection) -> dict[tuple[Any, ...], sqlite3.Row]:
    rows = connection.execute(f'SELECT * FROM "{join["table"]}"')
    found = {tuple(row[other] for other in join["on"].values()): row for row in rows}
    return {key: row for key, row in found.items() if None not in key}


Read = Callable[[Tables], Any]


def _cell(column: str) -> Read:
    alias, _, name = column.rpartition(".")

    def read(tables: Tables) -> Any:
        row = tables[alias]
        return None if row is None else row[name]

    return read


def _published(mapping: Any) -> Read:
    if isinstance(mapping, str):
        return _cell(mapping)
    if "sum" in mapping:
        return _sum(mapping["sum"], mapping["decimals"])
    if "columns" in mapping:
        return _joined([_cell(name) for name in mapping["columns"]], mapping["widths"], mapping["separator"])
    cell = _cell(mapping["column"])
    if "true" in mapping:
        return lambda tables: cell(tables) in mapping["true"]
    decode = _decoder(mapping)

    def read(tables: Tables) -> Any:
        value = cell(tables)
        return None if value is None else decode(value)

    return read


def _decoder(mapping: Mapping[str, Any]) -> Callable[[Any], Any]:
    if "decimals" in mapping:
        return lambda value: Decimal(value).scaleb(-mapping["decimals"])
    if "date" in mapping:
        return lambda n: date(n // 10_000, n // 100 % 100, n % 100) if n else None
    if "codes" in mapping:
        return lambda value: mapping["codes"].get(str(value), str(value))
    if "timezone" in mapping:
        assert mapping["timezone"] == "UTC"
        return lambda value: datetime.fromisoformat(value).replace(tzinfo=UTC)
    assert mapping.get("trim")
    return lambda value: value.rstrip(" ")


def _sum(terms: Sequence[str], decimals: int) -> Read:
    cells = [(-1 if term[0] == "-" else 1, _cell(term[1:])) for term in terms]
    return lambda tables: Decimal(sum(sign * (cell(tables) or 0) for sign, cell in cells)).scaleb(-decimals)


def _joined(cells: Sequence[Read], widths: Sequence[int], separator: str) -> Read:
    def read(tables: Tables) -> str | None:
        parts = [cell(tables) for cell in cells]
        if None in parts:
            return None
        return separator.join(f"{p:0{w}}" if isinstance(p, int) else p for p, w in zip(parts, widths, strict=True))

    return read


def as_json(row: Mapping[str, Any]) -> Row:
    """A row with its values as they read in JSON: days and moments as text, numbers as numbers."""
    return {name: _as_json(value) for name, value in row.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
