"""Tryton over its RPC, releases 6.0 to 8: sessions, domains, models as the server describes them.

How settings become an adapter is here. What is published is not known here: see ``erp_adapters.records``.
"""

from collections.abc import Mapping
from typing import Any

from edm.model import ServiceMetadata
from erp_adapters.base import Adapter
from erp_adapters.records.adapter import RecordAdapter
from erp_adapters.transport import OptionFault, Remote, Token
from erp_adapters.tryton.rest import Rest
from erp_adapters.tryton.rpc import opened
from erp_adapters.tryton.source import PAGE, TrytonSource

#: The options of a source and their defaults. Company 0 is the user's own.
OPTIONS: Mapping[str, Any] = {"database": None, "company": 0, "language": None, "context": {}, "page": PAGE}
#: Questions at once, whatever the number of connections: a Tryton answers no more of them by being asked more.
_AT_ONCE = 4


def connect(remote: Remote, metadata: ServiceMetadata, name: str) -> Adapter:
    """The adapter for the sets of source ``name``. Nothing is asked yet. Raises ``OptionFault``."""
    options = remote.chosen(OPTIONS)
    if not options["database"]:
        raise OptionFault("options.database", "is missing: the name of Tryton's database", 'database = "tryton"')
    if not remote.user or remote.password is None:
        raise OptionFault("user", "is missing: a session of Tryton needs user and password")
    if not 1 <= options["page"] <= 10_000:
        raise OptionFault("options.page", f"is not a number from 1 to 10000: {options['page']}")
    signed, free = opened(remote, options["database"], options["language"] or "en")
    context = {key: options[key] for key in ("company", "language") if options[key]} | options["context"]
    source = TrytonSource(
        signed,
        free,
        context,
        connections=min(_AT_ONCE, remote.limits.pool_size),
        seconds=remote.limits.timeout,
        page=options["page"],
        rest=Rest(remote.open(), options["database"]) if isinstance(remote.credentials, Token) else None,
    )
    return RecordAdapter(source, metadata, name, separator=".")
