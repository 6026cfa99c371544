"""Which ``SourceError`` an HTTP status is. Text of the ERP goes into ``detail`` alone, which is for the log."""

import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from erp_adapters.base import Denied, Failed, Refused, SourceError, Throttled, TimedOut, Unavailable
from erp_adapters.transport.answers import Answer
from erp_adapters.transport.links import shown

#: Seconds: however long an ERP wants to be left alone, callers are told to come back by then.
LONGEST_WAIT = 10
_UNSAID = 3
#: Characters of an ERP's own words that are logged.
_EXCERPT = 300

_ERRORS: dict[int, Callable[[str, int], SourceError]] = {
    403: lambda detail, _: Denied(detail),
    408: lambda detail, _: TimedOut(detail),
    429: lambda detail, wait: Throttled(detail, retry_after=wait),
    502: lambda detail, wait: Unavailable(detail, retry_after=wait),
    503: lambda detail, wait: Unavailable(detail, retry_after=wait),
    504: lambda detail, _: TimedOut(detail),
}


def error_of(answer: Answer) -> SourceError:
    """What the status of an answer means that nobody expected."""
    detail = f"{shown(answer.url)}: {answer.status}: {excerpt(answer)}"
    found = _ERRORS.get(answer.status)
    if found is not None:
        return found(detail, wait_of(answer))
    return Failed(detail) if answer.status >= 500 else Refused(detail, answered=answer.status)


def excerpt(answer: Answer) -> str:
    """The beginning of the body on one line, without control characters."""
    text = answer.text()[: 4 * _EXCERPT]
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()[:_EXCERPT]


def wait_of(answer: Answer, default: int = _UNSAID) -> int:
    """The seconds of ``Retry-After``, as far as they make sense: a number or a date, at most ``LONGEST_WAIT``."""
    text = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+", text):
        seconds = int(text[:9])
    else:
        try:
            seconds = round(parsedate_to_datetime(text).timestamp() - time.time())
        except (ValueError, TypeError, OverflowError, IndexError):
            return default
    return max(1, min(seconds, LONGEST_WAIT))
