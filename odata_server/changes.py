"""What an ERP tells: which entity sets have changed since answers about them were kept."""

from collections.abc import Collection

import msgspec

from edm.errors import ODataError
from edm.model import ServiceMetadata
from odata_server.auth import Principal
from odata_server.json_guard import checked_json

_FORM = '{"sets": ["Invoices"]}'


class _Changed(msgspec.Struct, forbid_unknown_fields=True):
    sets: list[str]


def changed_sets(body: bytes, principal: Principal, users: Collection[str], metadata: ServiceMetadata) -> list[str]:
    """The sets that ``body`` names, ``{"sets": ["Invoices"]}``, if the caller is one of ``users``.

    Raises ``ODataError``: ``forbidden``, ``syntax`` for another body, ``not_found`` for a set that is not published.
    """
    if principal.name not in users:
        raise ODataError(
            "forbidden",
            "This user may not declare entity sets changed.",
            hint="The setting change_users names who may.",
        )
    names = _sets(body)
    known = {entity_set.name for entity_set in metadata.sets}
    for name in names:
        if name not in known:
            raise ODataError("not_found", f"There is no entity set {name!r}.", target="sets")
    return names


def _sets(body: bytes) -> list[str]:
    content, _ = checked_json(body)
    try:
        return msgspec.json.decode(content, type=_Changed).sets
    except msgspec.ValidationError as error:
        raise ODataError("syntax", f"The request body is not of the form {_FORM}: {error}.") from None
