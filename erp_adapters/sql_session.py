"""What each connection begins with, in the words of whoever configured the source: the schema, the company, the
organisation whose rows it sees.
"""

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import Engine, event

from erp_adapters.base import Unavailable


def begun(engine: Engine, statements: Sequence[str]) -> Engine:
    """The engine with the statements run on every new connection. One on which they fail is not used: it might see
    other rows.
    """
    if not statements:
        return engine

    @event.listens_for(engine, "connect")
    def _begin(connection: Any, record: Any) -> None:
        try:
            with closing(connection.cursor()) as cursor:
                for statement in statements:
                    cursor.execute(statement)
            connection.commit()
        except Exception as error:
            raise Unavailable(f"a statement of the source's session failed: {error}") from error

    return engine
