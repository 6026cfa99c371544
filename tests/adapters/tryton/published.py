"""The service over a real Tryton with the built-in catalog, and the same over the reference evaluator."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Any

from edm.declare import load_directory
from erp_adapters.base import Adapter
from erp_adapters.memory import MemoryAdapter
from erp_adapters.records.adapter import RecordAdapter
from erp_adapters.transport import Remote, Secret, TransportOptions
from erp_adapters.tryton import connect
from erp_adapters.tryton.source import TrytonSource
from odata_server.auth import ANONYMOUS
from odata_server.messages import ODataRequest, ODataResponse
from odata_server.service import Service, ServiceOptions
from tests.adapters.agreement import Rows, rows_of
from tests.adapters.tryton.ground import DATABASE, PASSWORD
from tests.engine.small import NOW, SECRET
from tests.properties.expressions import Model, encoded

METADATA = load_directory(files("erp_adapters.tryton") / "catalog")
OPTIONS = ServiceOptions(deadline=120)


def remote(url: str, **options: Any) -> Remote:
    limits = TransportOptions(timeout=60)
    return Remote(url, limits=limits, user="odata", password=Secret(PASSWORD), options=options)


@dataclass(frozen=True)
class Both:
    """The service over Tryton, the same over the evaluator, and what both of them hold."""

    adapter: RecordAdapter
    source: TrytonSource
    services: Mapping[str, Service]
    model: Model
    rows: Rows

    def same(self, path: str, query: str = "") -> Any:
        """The answer of both."""
        answers = {name: asked(service, path, query) for name, service in self.services.items()}
        found = {name: (answer.status, bytes(answer.body)) for name, answer in answers.items()}
        assert found["tryton"] == found["evaluator"], (path, query)
        return json.loads(found["tryton"][1], parse_float=Decimal)

    def calls(self, path: str, query: str = "") -> int:
        """Calls of Tryton that it takes, once it is known how it sorts."""
        answer = asked(self.services["tryton"], path, query)
        assert answer.status == 200, bytes(answer.body)
        before = next(self.source.rpc._numbers)
        asked(self.services["tryton"], path, query)
        return next(self.source.rpc._numbers) - before - 1


def asked(service: Service, path: str, query: str) -> ODataResponse:
    return service.handle(ODataRequest("GET", path, encoded(query.replace("&$", "\n$"))), ANONYMOUS)


def published(url: str) -> Both:
    adapter = connect(remote(url, database=DATABASE), METADATA, "tryton")
    assert isinstance(adapter, RecordAdapter)
    assert isinstance(adapter.source, TrytonSource)
    rows = rows_of(adapter, METADATA)
    samples = {
        name: {key: list(dict.fromkeys(row[key] for row in found if row[key] is not None)) for key in found[0]}
        for name, found in rows.items()
    }
    adapters: Mapping[str, Adapter] = {"tryton": adapter, "evaluator": MemoryAdapter(METADATA, rows)}
    services = {name: Service(METADATA, one, (SECRET,), OPTIONS, clock=lambda: NOW) for name, one in adapters.items()}
    return Both(adapter, adapter.source, services, Model(METADATA, samples), rows)
