"""What a database's errors mean to a client. The database's own text goes to the log alone."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError

from edm.errors import ODataError
from erp_adapters.base import Busy, ContractBroken, SourceError, TimedOut, Unavailable

#: SQLSTATE -> what it means.
_STATES: dict[str, Callable[[str], SourceError]] = {
    "57014": TimedOut,  # query_canceled: the statement timeout
    "55P03": Busy,  # lock_not_available
    "53300": Busy,  # too_many_connections
    "40001": Busy,  # serialization_failure
    "40P01": Busy,  # deadlock_detected
}
#: The statement names what the database does not have, or may not show.
_CONTRACT = ("42P01", "42703", "42883", "42804", "42501", "42846", "22P02", "22007", "22008")


def translate(error: SQLAlchemyError, entity_set: str) -> ODataError:
    """The error for the client."""
    detail = str(error)
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state in _STATES:
        return _STATES[state](detail)
    if state in ("22003", "22012", "22023"):
        return ODataError(
            "arithmetic", "An operation of the query has no result within the range of its type."
        )
    if state in _CONTRACT:
        return ContractBroken(entity_set, detail)
    if isinstance(error, DataError) and state is None:
        return ContractBroken(entity_set, detail)  # the driver's: it has no Python value for a stored one
    if isinstance(error, DataError):
        return ODataError(
            "value_out_of_range", "A value of the query cannot be compared by the ERP's database."
        )
    return _sqlite(error, entity_set, detail) or Unavailable(detail)


def _sqlite(error: SQLAlchemyError, entity_set: str, detail: str) -> SourceError | None:
    """SQLite has no codes for these, only texts."""
    original: Any = getattr(error, "orig", None)
    if not isinstance(error, DBAPIError) or type(original).__module__ != "sqlite3":
        return None
    said = str(original)
    if said.startswith(("no such table", "no such column")):
        return ContractBroken(entity_set, detail)
    if said.startswith("interrupted"):
        return TimedOut(detail)
    return Busy(detail) if "locked" in said else None
