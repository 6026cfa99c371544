"""Readers of lines about texts, codes and keys."""

from collections.abc import Mapping

from edm.primitives import BOOLEAN, STRING
from erp_adapters.sql_codecs import Codec, Codes, Composite, First, Flag, Plain
from erp_adapters.sql_readers import Line, Reader


def plain(reader: Reader, line: Line) -> Codec | None:
    """A column as it is."""
    column, trim = reader.column(line.get("column")), reader.trim(line)
    if trim and not reader.typed(STRING):
        return None
    return None if column is None else Plain(column, trim)


def codes(reader: Reader, line: Line) -> Codec | None:
    """``codes``."""
    column, words, trim = reader.column(line.get("column")), line["codes"], reader.trim(line)
    if not isinstance(words, Mapping) or not all(isinstance(word, str) for word in words.values()):
        reader.fault('codes is not a table such as { "10" = "Open" }')
        return None
    return Codes(column, dict(words), trim) if reader.typed(STRING) and column is not None else None


def flag(reader: Reader, line: Line) -> Codec | None:
    """``true`` and ``false``."""
    column, trim, true = reader.column(line.get("column")), reader.trim(line), reader.codes("true", line.get("true"))
    false = reader.codes("false", line["false"]) if "false" in line else None
    if column is None or true is None or not reader.typed(BOOLEAN):
        return None
    both = set(true) & set(false or ())
    if both:
        reader.fault(f"{', '.join(sorted(both))} cannot be both true and false")
    return Flag(column, true, trim, false)


def first(reader: Reader, line: Line) -> Codec | None:
    """``first``."""
    items = line["first"]
    if not isinstance(items, list) or not items or not all(isinstance(item, str) for item in items):
        reader.fault('first is not a list of columns such as ["t1.TEXT", "t2.TEXT", "=none"]')
        return None
    *before, last = items
    constant = last[1:] if last.startswith("=") else None
    named = items if constant is None else before
    if not named or any(item.startswith("=") for item in named):
        reader.fault("first has columns, and then at most one constant")
        return None
    columns = [reader.column(name) for name in named]
    if not reader.typed(STRING) or None in columns:
        return None
    return First(tuple(column for column in columns if column is not None), constant)


def composite(reader: Reader, line: Line) -> Codec | None:
    """``columns``."""
    names, widths, separator = line["columns"], line.get("widths"), line.get("separator", "")
    if not isinstance(names, list) or not isinstance(widths, list) or len(names) != len(widths) or not names:
        reader.fault("needs columns and as many widths")
        return None
    if not all(isinstance(width, int) and 0 < width <= 80 for width in widths) or not isinstance(separator, str):
        reader.fault("has a width that is not a number from 1 to 80, or a separator that is no text")
        return None
    columns = [reader.column(name) for name in names]
    if not reader.typed(STRING) or None in columns:
        return None
    length = sum(widths) + len(separator) * (len(widths) - 1)
    if reader.property.max_length is not None and length > reader.property.max_length:
        reader.fault(f"makes {length} characters, but max_length is {reader.property.max_length}")
    return Composite(tuple(c for c in columns if c is not None), tuple(widths), separator)
