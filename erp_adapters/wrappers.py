"""Adapters around adapters.

``Routed`` answers each set from the source that its catalog names. What spans sources is the engine's: each source
declines what it has no mapping for.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from edm.capabilities import Capabilities
from edm.errors import ODataError
from edm.model import EntitySet, ServiceMetadata
from edm.query import Query
from erp_adapters.base import (
    DEFAULT_SOURCE,
    Adapter,
    Checks,
    ContractBroken,
    Explains,
    Page,
    Session,
    SourceError,
    Validates,
    source_of,
    sources_of,
)


@dataclass(frozen=True, slots=True)
class Routed:
    """Answers from several ``sources``. None of them is needed for the sets of another one."""

    metadata: ServiceMetadata
    sources: Mapping[str, Adapter]

    def at(self, entity_set: str) -> Adapter:
        """The adapter that answers for the set."""
        name = source_of(self.metadata[entity_set])
        found = self.sources.get(name)
        if found is None:
            raise ContractBroken(entity_set, f"the source {name!r} is not configured")
        return found

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        with self._named(entity_set.name):
            return self.at(entity_set.name).capabilities(entity_set)

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        with self._named(query.entity_set):
            yield from self.at(query.entity_set).read(query, session)

    def explain(self, query: Query) -> str:
        """What the source would be sent, or nothing if it cannot tell."""
        adapter = self.at(query.entity_set)
        with self._named(query.entity_set):
            return adapter.explain(query) if isinstance(adapter, Explains) else ""

    @contextmanager
    def _named(self, entity_set: str) -> Iterator[None]:
        """The log has to say which source it was that failed."""
        try:
            yield
        except SourceError as error:
            name = source_of(self.metadata[entity_set])
            if not error.detail.startswith(f"{name}: "):
                error.detail = f"{name}: {error.detail}"
            raise

    # --- health and validation ------------------------------------------------------------------------------------

    def ping(self, session: Session) -> None:
        """Raises the first source's ``SourceError`` if none of them can answer."""
        found = problems(self, session)
        if found and None not in found.values():
            raise next(error for error in found.values() if error is not None)

    def faults(self, metadata: ServiceMetadata) -> Iterator[tuple[str, str, str]]:
        """What is wrong with the form of the catalog's sections, and sources that nobody configured."""
        for entity_set in metadata.sets:
            name = source_of(entity_set)
            if name not in self.sources and entity_set.sources:
                yield entity_set.name, f"{next(iter(entity_set.sources))}.source", _unknown(name, self.sources)
        for adapter in self.sources.values():
            if isinstance(adapter, Validates):
                yield from adapter.faults(metadata)

    def lacks(self, metadata: ServiceMetadata) -> Iterator[tuple[str, str, str]]:
        """What the sections name and the sources do not have."""
        for adapter in self.sources.values():
            if isinstance(adapter, Validates):
                yield from adapter.lacks(metadata)

    def close(self) -> None:
        """Closes what can be closed."""
        for adapter in self.sources.values():
            getattr(adapter, "close", lambda: None)()


def problems(adapter: Adapter, session: Session) -> Mapping[str, ODataError | None]:
    """What keeps each source from answering now. All are asked at once: a slow one takes no time from others."""
    sources = sources_of(adapter)
    if len(sources) == 1:
        return {name: _problem(source, session) for name, source in sources.items()}
    with ThreadPoolExecutor(max_workers=len(sources)) as pool:
        return dict(zip(sources, pool.map(lambda source: _problem(source, session), sources.values()), strict=True))


def _problem(adapter: Adapter, session: Session) -> ODataError | None:
    if not isinstance(adapter, Checks):
        return None
    try:
        adapter.ping(Session(session.principal, session.correlation_id, session.deadline))
    except ODataError as error:
        return error
    return None


def _unknown(name: str, known: Mapping[str, Adapter]) -> str:
    names = ", ".join(sorted(known))
    if name == DEFAULT_SOURCE:
        return f"is missing: there is no database_url, and the sources are {names}"
    return f"{name!r} is not configured; configured are {names}"
