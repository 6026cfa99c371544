"""Readers of lines about numbers."""

from edm.primitives import DECIMAL
from erp_adapters.sql_codecs import Codec, Scaled, Sum
from erp_adapters.sql_readers import Line, Reader


def scaled(reader: Reader, line: Line) -> Codec | None:
    """``decimals``."""
    column, decimals = reader.column(line.get("column")), reader.number(line["decimals"])
    if column is None or decimals is None or not reader.typed(DECIMAL):
        return None
    reader.check_scale(decimals)
    return Scaled(column, decimals)


def summed(reader: Reader, line: Line) -> Codec | None:
    """``sum``."""
    terms, decimals = line["sum"], reader.number(line.get("decimals", 0))
    if not isinstance(terms, list) or not all(isinstance(t, str) and t[:1] in "+-" and t[1:] for t in terms):
        reader.fault('sum is not a list of signed columns such as ["+ONHD", "-RSVD"]')
        return None
    columns = [(1 if term[0] == "+" else -1, reader.column(term[1:])) for term in terms]
    if decimals is None or not terms or not (reader.property.type.integral or reader.typed(DECIMAL)):
        return None
    reader.check_scale(decimals)
    found = tuple((sign, column) for sign, column in columns if column is not None)
    return Sum(found, decimals) if len(found) == len(terms) else None
