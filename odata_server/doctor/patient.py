"""What is looked at: the whole service, and one source of it with samples of its rows, each read once."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edm.evaluate import RowMapping
from edm.expressions import Prop
from edm.model import EntitySet, ServiceMetadata
from edm.query import OrderItem, Query
from erp_adapters.base import Adapter, ContractBroken, Examined, Finding, Row, Session
from odata_server.config import Origin
from odata_server.service import Service
from odata_server.settings import Settings

#: Seconds that one question of a check may take.
PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Whole:
    """The service as it is configured. ``lint`` finds what Salesforce cannot live with."""

    settings: Settings
    origins: Mapping[str, Origin]
    metadata: ServiceMetadata
    service: Service
    lint: Iterator[Finding]


@dataclass(slots=True)
class Patient:
    """One source with its sets. Sets that it lacks something of are ``broken``, and not looked at any further."""

    whole: Whole
    source: str
    adapter: Adapter
    all_sets: Sequence[EntitySet]
    sample: int
    broken: set[str] = field(default_factory=set)
    _samples: dict[str, "Sample"] = field(default_factory=dict)

    @property
    def sets(self) -> list[EntitySet]:
        """The sets that can be read."""
        return [found for found in self.all_sets if found.name not in self.broken]

    def session(self, seconds: float = PATIENCE) -> Session:
        return Session("doctor", "doctor", time.monotonic() + seconds)

    def examined(self) -> Examined:
        """What an adapter is asked to look at."""
        return Examined(self.sets, self.session(4 * PATIENCE), self.sample, self.whole.settings.workers)

    def rows(self, query: Query, seconds: float = PATIENCE) -> list[Row]:
        """The rows of a query that the source answers by itself."""
        return [row for page in self.adapter.read(query, self.session(seconds)) for row in page.rows]

    def sampled(self, entity_set: EntitySet) -> "Sample":
        """Some rows of the set: of the first and of the last keys, for they are often of different times."""
        found = self._samples.get(entity_set.name)
        if found is None:
            found = self._samples[entity_set.name] = Sampling(self, entity_set).sample()
        return found


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows with all properties that could be read of them; what does not fit by property, in the adapter's words."""

    rows: tuple[RowMapping, ...]
    unfit: Mapping[str, str] = field(default_factory=dict)

    def values(self, name: str) -> list[Any]:
        """The values of a property that are not null."""
        return [row[name] for row in self.rows if row.get(name) is not None]


def plain(detail: str) -> str:
    """What a source says, without the class of its error and the statement that follows."""
    line = (detail.strip().splitlines() or [""])[0].partition(" [SQL: ")[0]
    return re.sub(r"^\([\w.]+\) ", "", line)[:300]


@dataclass(frozen=True, slots=True)
class Sampling:
    """Reads a sample."""

    patient: Patient
    entity_set: EntitySet

    def sample(self) -> Sample:
        names = self.entity_set.type.names
        try:
            return Sample(self._read(names))
        except ContractBroken:
            pass
        try:
            self._read((self.entity_set.type.key,))
        except ContractBroken as error:  # then nothing can be read, for one reason
            return Sample((), {self.entity_set.type.key: error.detail})
        else:
            unfit = dict(self._unfit(names))
            return Sample(self._read(tuple(name for name in names if name not in unfit)), unfit)

    def _unfit(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Property by property: what does not fit, and of which row."""
        for name in names:
            try:
                self._read((name,))
            except ContractBroken as error:
                yield name, error.detail + self._row(name)

    def _row(self, name: str) -> str:
        """The key of the first row whose value does not fit, found by halving."""
        key, queries = self.entity_set.type.key, self._queries((name,))
        if name == key or not self.patient.adapter.capabilities(self.entity_set).skip:
            return ""
        for query in queries:
            low, high = 0, query.top or 0
            if not self._breaks(query):
                continue
            while high - low > 1:
                middle = (low + high) // 2
                if self._breaks(query.with_(skip=low, top=middle - low)):
                    high = middle
                else:
                    low = middle
            rows = self.patient.rows(query.with_(columns=(key,), skip=low, top=1))
            return f", {key} {rows[0][0]!r}" if rows else ""
        return ""

    def _breaks(self, query: Query) -> bool:
        try:
            self.patient.rows(query)
        except ContractBroken:
            return True
        return False

    def _read(self, names: tuple[str, ...]) -> tuple[RowMapping, ...]:
        rows = [row for query in self._queries(names) for row in self.patient.rows(query)]
        return tuple(dict(zip(names, row, strict=True)) for row in dict.fromkeys(rows))

    def _queries(self, names: tuple[str, ...]) -> list[Query]:
        kind, half = self.entity_set.type, max(1, self.patient.sample // 2)
        found = kind.property(kind.key)
        assert found is not None
        key, capabilities = (
            Prop((kind.key,), found.type, nullable=False),
            self.patient.adapter.capabilities(self.entity_set),
        )
        if not capabilities.top or not capabilities.sort(key):
            return [Query(self.entity_set.name, names, top=half if capabilities.top else None)]
        ends = (OrderItem(key), OrderItem(key, descending=True))
        return [Query(self.entity_set.name, names, orderby=(end,), top=half) for end in ends]
