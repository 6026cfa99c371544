"""What a database's errors mean to a client. The database's own text goes to the log alone."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError

from edm.errors import ODataError
from erp_adapters.base import Busy, ContractBroken, Locked, SourceError, TimedOut, Unavailable

#: SQLSTATE -> what it means.
_STATES: dict[str, Callable[[str], SourceError]] = {
    "57014": TimedOut,  # query_canceled: the statement timeout
    "55P03": Locked,  # lock_not_available
    "53300": Busy,  # too_many_connections
    "40001": Locked,  # serialization_failure
    "40P01": Locked,  # deadlock_detected
}
#: The statement names what the database does not have, or may not show.
_CONTRACT = ("42P01", "42703", "42883", "42804", "42501", "42846", "22P02", "22007", "22008")
#: SQLSTATE classes of a statement that is wrong in itself (syntax, cardinality, feature): a bug of ours.
_OURS = ("42", "21", "0A")
#: The same from SQLite.
_OURS_SQLITE = ("near ", "no such function", "no such collation", "wrong number of arguments", "row value misused")
#: The statement outgrew a limit of the database, on SQLite.
_TOO_LARGE = (
    "parser stack overflow",
    "Expression tree is too large",
    "too many SQL variables",
    "string or blob too big",
)


def translate(error: SQLAlchemyError, entity_set: str) -> ODataError:
    """The error for the client. An error that is a bug of ours is raised as it is."""
    detail = str(error)
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state in _STATES:
        return _STATES[state](detail)
    if state in ("22003", "22012", "22023"):
        return _no_result()
    if state is not None and state[:2] == "54":  # program_limit_exceeded
        return _too_large()
    if state is not None and state not in _CONTRACT and state[:2] in _OURS:
        raise error
    if state in _CONTRACT:
        return ContractBroken(entity_set, detail)
    if isinstance(error, DataError) and state is None:
        return ContractBroken(entity_set, detail)  # the driver's: it has no Python value for a stored one
    if isinstance(error, DataError):
        return ODataError("value_out_of_range", "A value of the query cannot be compared by the ERP's database.")
    return _sqlite(error, entity_set, detail) or Unavailable(detail)


def _no_result() -> ODataError:
    return ODataError("arithmetic", "An operation of the query has no result within the range of its type.")


def _too_large() -> ODataError:
    return ODataError("limit_exceeded", "The query is too large for the ERP's database.")


def _sqlite(error: SQLAlchemyError, entity_set: str, detail: str) -> ODataError | None:
    """SQLite has no codes for these, only texts."""
    original: Any = getattr(error, "orig", None)
    if not isinstance(error, DBAPIError) or type(original).__module__ != "sqlite3":
        return None
    said = str(original)
    if said.startswith(("no such table", "no such column")):
        return ContractBroken(entity_set, detail)
    if said.startswith(_OURS_SQLITE):
        raise error
    if said.startswith(_TOO_LARGE):
        return _too_large()
    if said.startswith("user-defined function raised exception"):
        return _no_result()
    if said.startswith("interrupted"):
        return TimedOut(detail)
    return Locked(detail) if "locked" in said else None
