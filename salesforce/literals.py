"""Values as OData text, the way Salesforce writes them into ``$filter`` (OData 4.01 ABNF, section 7)."""

from decimal import Decimal
from typing import Any


def quoted(text: str) -> str:
    """A string literal: single quotes around it, doubled inside."""
    return "'" + text.replace("'", "''") + "'"


def literal(kind: str, value: Any) -> str:
    """A value as JSON has it, for comparison with a property of the primitive type ``kind`` (without ``Edm.``)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    return quoted(value) if kind == "String" else str(value)
