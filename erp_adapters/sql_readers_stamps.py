"""Readers of lines about timestamps in text, and about numbers that have to be rounded."""

from edm.primitives import DECIMAL
from erp_adapters.sql_codecs import Codec, Rounded, TextStamp, Zoned
from erp_adapters.sql_dates import STAMP_FORMS
from erp_adapters.sql_readers import Line, Reader
from erp_adapters.sql_readers_dates import zoned


def stamped(reader: Reader, line: Line) -> Codec | None:
    """``timezone``, with the ``form`` of the text where it is one."""
    found = zoned(reader, line)
    if "form" not in line:
        return found
    form = reader.one_of("form", line["form"], STAMP_FORMS)
    return TextStamp(found.column, found.zone, form) if isinstance(found, Zoned) and form is not None else None


def rounded(reader: Reader, line: Line) -> Codec | None:
    """``round``."""
    column = reader.column(line.get("column"))
    if line["round"] is not True:
        reader.fault("round is not true")
        return None
    return Rounded(column) if reader.typed(DECIMAL) and column is not None else None
