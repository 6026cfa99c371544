"""The dialects of SQL: what PostgreSQL and SQLite say differently, per function of ``edm.functions``.

How they are made is in ``dialects_base``; what each says in ``dialects_postgresql`` and ``dialects_sqlite``, what both
say in ``dialects_common``.
"""

from erp_adapters.dialects_base import Dialect
from erp_adapters.dialects_postgresql import POSTGRESQL
from erp_adapters.dialects_sqlite import SQLITE

DIALECTS: dict[str, Dialect] = {d.name: d for d in (POSTGRESQL, SQLITE)}
