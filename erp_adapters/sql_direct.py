"""The short way from a prepared statement to its rows, for drivers that have one: all rows at once, rows and count in
one statement. What is long, in a hurry or streamed takes the way over SQLAlchemy's connections.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from erp_adapters.base import Session
from erp_adapters.sql_text import Prepared

#: A row as the driver returns it.
Raw = tuple[Any, ...]


class Direct(ABC):
    """Executes single statements."""

    @abstractmethod
    def fetch(self, prepared: Prepared, values: Sequence[Any], session: Session) -> list[Raw]:
        """All rows of one statement. Raises errors of SQLAlchemy, as its connections do."""


def wrapped(error: Exception, sql: str, engine: Engine) -> SQLAlchemyError:
    """An error of the driver as SQLAlchemy's connections raise it."""
    base: Any = engine.dialect.loaded_dbapi.Error
    made = DBAPIError.instance(sql, None, error, base, dialect=engine.dialect, hide_parameters=True)
    assert isinstance(made, SQLAlchemyError)
    return made
