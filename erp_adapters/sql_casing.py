"""Upper and lower case on PostgreSQL: what it changes depends on locale and provider, and never surely as Python does.

Under the collation "C" it changes ASCII letters alone. That is right for every text of ASCII characters; texts with
others are let through as candidates, for the engine to look at again.
"""

from sqlalchemy import collate, func

from erp_adapters.dialects import Casing
from erp_adapters.sql_values import Sql


def _not_ascii(text: Sql) -> Sql:
    """Whether a text in UTF-8 has a character beyond ASCII."""
    return func.octet_length(text) != func.length(text)


ASCII_CASING = {
    "tolower": Casing(False, lambda text: func.lower(collate(text, "C")), _not_ascii),
    "toupper": Casing(False, lambda text: func.upper(collate(text, "C")), _not_ascii),
}
