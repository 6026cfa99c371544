"""Services by what they say of themselves: ``$metadata`` is read when it is first needed and kept for the process.

It is read again after an hour, and when a field is missed that an extension may have brought. A service that is not
there is not asked for at every turn.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from requests.cookies import RequestsCookieJar

from erp_adapters.base import Refused, Session, SourceError
from erp_adapters.sap import schema
from erp_adapters.sap.faults import LOOKED_AT, error_of
from erp_adapters.sap.schema import Service
from erp_adapters.transport import Transport

#: Seconds: how long a description is good, how old it is at least when a field is missed, how long a failure lasts.
_GOOD, _AGED, _FAILED = 3600.0, 60.0, 10.0
_PATIENCE = 60.0


@dataclass(slots=True)
class _Kept:
    """What was read when; without a service it is not there, or could not be described."""

    service: Service | None
    error: SourceError | None
    at: float


@dataclass(slots=True)
class Described:
    """``Service`` by name; ``None`` for one that the system does not have. Raises ``SourceError``."""

    transport: Transport
    params: Mapping[str, str]
    cookies: RequestsCookieJar = field(default_factory=RequestsCookieJar)
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    def __call__(self, name: str) -> Service | None:
        found = self._kept.get(name)
        if found is None or self._over(found):
            found = self._read(name, found)
        if found.error is not None:
            raise found.error.with_traceback(None)
        return found.service

    def missed(self, name: str) -> bool:
        """Something is not there: whether that may be because the description is old. Then it is read anew."""
        found = self._kept.get(name)
        if found is None or found.error is not None or self.clock() - found.at < _AGED:
            return False
        found.at = self.clock() - _GOOD
        return True

    def known(self) -> list[str]:
        return sorted(name for name, kept in self._kept.items() if kept.service is not None)

    def _over(self, kept: _Kept) -> bool:
        return self.clock() - kept.at >= (_FAILED if kept.service is None else _GOOD)

    def _read(self, name: str, before: _Kept | None) -> _Kept:
        with self._locks.setdefault(name, threading.Lock()):
            found = self._kept.get(name)
            if found is not None and found is not before:
                return found  # another thread was faster
            if found is not None and not self._over(found):
                return found
            kept = self._kept[name] = self._asked(name, before)
        return kept

    def _asked(self, name: str, before: _Kept | None) -> _Kept:
        try:
            return _Kept(self._fetched(name), None, self.clock())
        except SourceError as error:
            if before is not None and before.service is not None:  # what was right an hour ago serves on
                return _Kept(before.service, None, self.clock() - _GOOD + _FAILED)
            if isinstance(error, Refused) and error.answered == 404:
                return _Kept(None, None, self.clock())
            return _Kept(None, error, self.clock())

    def _fetched(self, name: str) -> Service:
        answer = self.transport.send(
            "GET",
            f"{name}/$metadata",
            Session(deadline=time.monotonic() + _PATIENCE),
            params=self.params,
            expect="application/xml",
            accept=LOOKED_AT,
            cookies=self.cookies,
        )
        if not 200 <= answer.status < 300:
            raise error_of(answer)
        return schema.read(answer.body, name)
