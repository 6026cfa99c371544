"""Records by Tryton's REST, which 8.0 has: no session and less to do for the server than by RPC.

What it does not answer (counts, descriptions of fields, long domains) is asked by RPC, and so is what it refuses: only
RPC says why.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from erp_adapters.base import BadAnswer, Session
from erp_adapters.transport import Transport
from erp_adapters.tryton.wire import plain, typed

#: Bytes of a URL and of a header: what servers and proxies take.
_MOST = 6_000
#: Answers that RPC explains: rights, models and fields that are not there, a server without REST.
_BY_RPC = frozenset({400, 403, 404, 405, 500})


@dataclass(frozen=True, slots=True)
class Rest:
    """``transport`` has the key of an application of the user's."""

    transport: Transport
    database: str

    def search_read(self, model: str, params: list[Any], session: Session) -> list[dict[str, Any]] | None:
        """What RPC's method answers to the same ``params``; ``None`` if it has to be asked that way."""
        domain, skip, size, order, fields, context = params
        query = [("d", _encoded(domain)), ("o", _encoded(order)), ("s", str(size)), ("p", str(skip))]
        path = f"{quote(self.database, safe='')}/rest/model/{quote(model, safe='')}"
        url = f"{path}?{urlencode([*query, *(('f', name) for name in fields)])}"
        told = _encoded(context)
        if max(len(url), len(told)) > _MOST:
            return None
        answer = self.transport.send("GET", url, session, headers={"X-Tryton-Context": told}, accept=_BY_RPC)
        if answer.status in _BY_RPC:
            return None
        found = plain(answer.json())
        if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
            raise BadAnswer(f"{model}: no records")
        return [flat(record) for record in found]


def _encoded(value: Any) -> str:
    text = json.dumps(typed(value), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as RPC has it: of a related one the id, and what was asked of it under the name with a dot behind."""
    found: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict) and "id" in value:
            found[name], found[f"{name}."] = value["id"], flat(value)
        else:
            found[name] = value
    return found
