"""What SAP Gateway's errors mean: its codes and words as ``SourceError``s, for the log alone.

A status tells little: 500 may be a lock, a missing right or a query that ran too long. What a status means by itself is
told in ``erp_adapters.transport``.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from erp_adapters.base import Denied, Failed, Locked, Refused, SourceError, TimedOut, Unavailable
from erp_adapters.transport import Answer

#: Statuses that may mean something else than they say: their body is looked at.
LOOKED_AT = frozenset({400, 403, 404, 405, 406, 409, 410, 412, 422, 423, 500, 501})
_EXCERPT = 300

#: What an error's code or words hold, and what it is then. The first line that fits counts.
_MEANINGS: tuple[tuple[re.Pattern[str], Callable[[str], SourceError]], ...] = (
    (re.compile(r"TIME_?OUT|TIME_LIMIT_EXCEEDED|time limit exceeded", re.I), TimedOut),
    (re.compile(r"\blocked\b|being processed by|ENQUEUE|deadlock", re.I), Locked),
    (re.compile(r"no (dialog )?work process|shutting down|system is (being )?start", re.I), Unavailable),
    (re.compile(r"NOT_AUTH|no authori[sz]ation|not authori[sz]ed|missing authori[sz]ation", re.I), Denied),
)
_STATUSES: Mapping[int, Callable[[str], SourceError]] = {
    403: Denied,
    423: Locked,
}


def error_of(answer: Answer) -> SourceError:
    """What the answer, whose status is no success, says went wrong."""
    code, words = _said(answer)
    detail = f"{answer.status} {code}: {words}"[: _EXCERPT + 80]
    for pattern, make in _MEANINGS:
        if pattern.search(f"{code} {words}"):
            return make(detail)
    if answer.status in _STATUSES:
        return _STATUSES[answer.status](detail)
    return Failed(detail) if answer.status in (500, 502) else Refused(detail, answered=answer.status)


def stale(error: SourceError) -> bool:
    """Whether the service may have changed since its ``$metadata`` was read."""
    return isinstance(error, Refused) and error.answered in (400, 404)


def _said(answer: Answer) -> tuple[str, str]:
    """The code and the words of SAP's error, as JSON or as XML, or the beginning of whatever it is."""
    text = answer.body.decode("utf-8", errors="replace")
    try:
        error = json.loads(text)["error"]
        parts = [_words(error.get("message")), *_details(error.get("innererror"))]
        return str(error.get("code", ""))[:80], _plain(" / ".join(dict.fromkeys(filter(None, parts))))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        code = re.search(r"<(?:\w+:)?code>([^<]{1,80})<", text)
        words = re.search(r"<(?:\w+:)?message[^>]*>([^<]{1,600})<", text)
        return (code[1] if code else ""), _plain(words[1] if words else text)


def _words(message: Any) -> str:
    return str(message.get("value", "")) if isinstance(message, dict) else str(message or "")


def _details(inner: Any) -> list[str]:
    found = inner.get("errordetails") if isinstance(inner, dict) else None
    details = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    transaction = [f"transaction {inner['transactionid']}"] if details and "transactionid" in inner else []
    return [f"{one.get('code', '')} {one.get('message', '')}".strip() for one in details[:3]] + transaction


def _plain(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()[:_EXCERPT]
