"""Tables from a few lines of text, on SQLite and PostgreSQL: what the databases of the tests are made of.

``T("invoices", "id:int pk, number:text(20) nn unique, customer_id:int fk=customers.id", rows)``
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    CHAR,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    create_engine,
)  # fmt: skip

from erp_adapters.sql_drivers import driver_url

_TYPES = {
    "int": Integer, "small": SmallInteger, "big": BigInteger, "date": Date, "stamp": DateTime, "bool": Boolean, "text": Text,
    "real": Double, "num": Numeric,
}  # fmt: skip


@dataclass
class T:
    """A table and its rows, in the order of the columns."""

    name: str
    columns: str
    rows: Iterable[Sequence[Any]]
    comments: dict[str, str] = field(default_factory=dict)


def load(url: str, tables: Sequence[T]) -> None:
    """Creates and fills the tables."""
    metadata = MetaData()
    made = []
    for given in tables:
        columns = [_column(spec, given.comments) for spec in re.split(r",\s+(?![^(]*\))", given.columns.strip())]
        made.append((Table(given.name, metadata, *columns, comment=given.comments.get("")), given))
    engine = create_engine(driver_url(url))
    with engine.begin() as connection:
        metadata.create_all(connection)
        for table, spec in made:
            names = [c.name for c in table.columns]
            rows = [dict(zip(names, row, strict=True)) for row in spec.rows]
            for start in range(0, len(rows), 500):
                connection.execute(table.insert(), rows[start : start + 500])
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def _column(spec: str, comments: dict[str, str]) -> Column[Any]:
    name, _, rest = spec.rpartition(":")
    kind, *flags = rest.split()
    sized = re.fullmatch(r"(\w+)\(([\d, ]+)\)", kind)
    numbers = [int(n) for n in sized[2].split(",")] if sized else []
    word = sized[1] if sized else kind
    if word == "char":
        made: Any = CHAR(numbers[0])
    elif word == "text" and numbers:
        made = String(numbers[0])
    else:
        made = _TYPES[word](*numbers) if numbers else _TYPES[word]()
    keys = [ForeignKey(flag[3:]) for flag in flags if flag.startswith("fk=")]
    primary = "pk" in flags
    return Column(
        name, made, *keys, primary_key=primary, nullable=not primary and "nn" not in flags, unique="unique" in flags,
        autoincrement=False, comment=comments.get(name), quote=True,
    )  # fmt: skip
