"""A proposal made, written and served: what the tests of ``init`` share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edm.declare import load_directory
from edm.model import ServiceMetadata
from erp_adapters import sql
from erp_adapters.introspect import opened, read
from erp_adapters.proposal.drafts import Proposal
from erp_adapters.proposal.merge import merge, write
from erp_adapters.proposal.propose import propose, study_of
from erp_adapters.proposal.study import Wishes
from erp_adapters.proposal.write import blocks
from tests.serving import InProcess, all_rows, serve


@dataclass(frozen=True)
class Drafted:
    """A service on a catalog as it was proposed, with no edit."""

    proposal: Proposal
    metadata: ServiceMetadata
    client: InProcess
    adapter: sql.SqlAdapter

    def rows(self, entity_set: str, options: str = "") -> list[dict[str, Any]]:
        return all_rows(self.client, f"{entity_set}{options}")

    def faults(self) -> list[tuple[str, str, str]]:
        """What ``validate`` would say of form and database."""
        return [*self.adapter.faults(self.metadata), *self.adapter.lacks(self.metadata)]


def proposed(url: str, **wishes: Any) -> Proposal:
    with opened(url) as database:
        read(database)
        return propose(study_of(database, Wishes(**wishes), 1_000))


@contextmanager
def drafted(url: str, directory: Path, **wishes: Any) -> Iterator[Drafted]:
    proposal = proposed(url, **wishes)
    write(directory, merge(directory, {name: blocks(draft) for name, draft in proposal.drafts.items()}))
    metadata = load_directory(directory)
    adapter = sql.connect(url, metadata)
    try:
        yield Drafted(proposal, metadata, serve(adapter, metadata), adapter)
    finally:
        adapter.close()
