"""The service that is fuzzed, and what must hold of every answer.

The demo ERP cut to a few rows per table, once in SQLite and once in memory behind a source that can do nothing itself:
each message is sent to one of them, as its bytes decide.
"""

import sqlite3
import time
import zlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from edm.query import Query
from erp_adapters.base import Session
from erp_adapters.memory import MemoryAdapter
from odata_server.auth import ANONYMOUS
from odata_server.messages import Headers
from odata_server.service import Service
from tests import serving
from tests.fuzz.messages import Message
from tests.serving import Answer, Failures
from tests.spec.clauses import well_formed_error

#: Rows of each table.
ROWS = 40
#: Seconds of CPU that one message may take.
SECONDS = 2.0


class Hang(AssertionError):
    """A message took too long."""


class Fuzzed:
    """The services over a demo ERP in SQLite that is made small at ``path``."""

    def __init__(self, path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as erp:
            tables = erp.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            ).fetchall()
            for (table,) in tables:
                erp.execute(f'DELETE FROM "{table}" WHERE rowid NOT IN (SELECT rowid FROM "{table}" LIMIT {ROWS})')
            erp.execute("VACUUM")
        metadata = serving.demo_metadata()
        self.adapter = serving.connect(f"sqlite:///{path}")
        rows = {}
        for entity_set in metadata.sets:
            names = entity_set.type.names
            pages = self.adapter.read(Query(entity_set.name, names), Session())
            rows[entity_set.name] = [dict(zip(names, row, strict=True)) for page in pages for row in page.rows]
        unable = MemoryAdapter(metadata, rows, capable=False)
        self.services: Sequence[Service] = [
            serving.serve(adapter, page_size=10, max_page_size=30).service for adapter in (self.adapter, unable)
        ]

    def send(self, message: Message) -> Answer:
        """The answer; ``AssertionError`` if no client should ever see one like it."""
        service = self.services[zlib.crc32(bytes(message)) % len(self.services)]
        started = time.process_time()
        response = service.handle(message.request(), ANONYMOUS)
        seconds = time.process_time() - started
        _raise_failures(service)
        if seconds > SECONDS:
            raise Hang(f"{seconds:.1f} s")
        answer = Answer(response.status, Headers(response.headers), response.body)
        check(answer)
        return answer


def _raise_failures(service: Service) -> None:
    """What the service answered with 500, or a part of a batch, was an exception: this one."""
    for observer in service.observers:
        if isinstance(observer, Failures) and observer:
            failure = observer.pop(0)
            observer.clear()
            raise failure.error  # type: ignore[union-attr]


def check(answer: Answer) -> None:
    assert answer.status < 500 or answer.status == 501, answer.text
    assert answer.headers["OData-Version"] in ("4.0", "4.01")
    if answer.status >= 400:
        well_formed_error(answer)
    elif answer.headers.get("Content-Type", "").startswith("application/json"):
        assert isinstance(answer.json, dict)
