"""Readers of lines about texts, codes and keys."""

from collections.abc import Mapping

from edm.primitives import BOOLEAN, DECIMAL, STRING
from erp_adapters.sections import name_of, unknown
from erp_adapters.sql_codecs import (
    Alpha,
    Codec,
    Codes,
    CodeTable,
    ColumnRef,
    Composite,
    First,
    Flag,
    Guid,
    Joined,
    Justified,
    Parsed,
    Plain,
    Polymorphic,
)
from erp_adapters.sql_readers import Line, Reader


def plain(reader: Reader, line: Line) -> Codec | None:
    """A column as it is, or without blanks."""
    column = reader.column(line.get("column"))
    if line.get("trim") == "both" or "width" in line:
        return _justified(reader, line, column)
    trim = reader.trim(line)
    if trim and not reader.typed(STRING):
        return None
    return None if column is None else Plain(column, trim)


def _justified(reader: Reader, line: Line, column: ColumnRef | None) -> Codec | None:
    if line.get("trim") != "both":
        reader.fault('width goes with trim = "both"')
        return None
    width = reader.width("width", line["width"]) if "width" in line else None
    if not reader.typed(STRING) or column is None or ("width" in line and width is None):
        return None
    return Justified(column, width)


def alpha(reader: Reader, line: Line) -> Codec | None:
    """``alpha``."""
    column, width = reader.column(line.get("column")), reader.width("alpha", line["alpha"])
    return Alpha(column, width) if reader.typed(STRING) and column is not None and width is not None else None


def guid(reader: Reader, line: Line) -> Codec | None:
    """``guid``."""
    column, form = reader.column(line.get("column")), line["guid"]
    if form is not True and form != "mixed":
        reader.fault(f'guid is neither true nor "mixed": {form!r}')
        return None
    return Guid(column, form == "mixed") if reader.typed(STRING) and column is not None else None


def polymorphic(reader: Reader, line: Line) -> Codec | None:
    """``polymorphic``."""
    column, model = reader.column(line.get("column")), line["polymorphic"]
    if not isinstance(model, str) or not model or "," in model:
        reader.fault(f'polymorphic is not the name of a model such as "sale.line": {model!r}')
        return None
    if not reader.property.nullable:
        reader.fault("polymorphic is null for other models, but the property is not nullable")
        return None
    return Polymorphic(column, model) if reader.typed(STRING) and column is not None else None


def parsed(reader: Reader, line: Line) -> Codec | None:
    """``parse``."""
    column, form = reader.column(line.get("column")), reader.one_of("parse", line["parse"], ("number",))
    number = reader.property.type.integral or reader.typed(DECIMAL)
    return Parsed(column) if number and column is not None and form is not None else None


def codes(reader: Reader, line: Line) -> Codec | None:
    """``codes``, here or in a table."""
    column, words, trim = reader.column(line.get("column")), line["codes"], reader.trim(line)
    table = None
    if isinstance(words, Mapping) and {"table", "code", "word"} <= words.keys():
        table, words = _code_table(reader, words), {}
    elif not isinstance(words, Mapping) or not all(isinstance(word, str) for word in words.values()):
        reader.fault('codes is not a table such as { "10" = "Open" }')
        return None
    return Codes(column, dict(words), trim, table) if reader.typed(STRING) and column is not None else None


def _code_table(reader: Reader, line: Line) -> CodeTable:
    key = f"{reader.key}.codes"
    unknown(key, line, {"table", "code", "word", "where"}, reader.faults)
    where = line.get("where", {})
    plain = isinstance(where, Mapping) and all(
        isinstance(value, str | int) and not isinstance(value, bool) for value in where.values()
    )
    if not plain:
        reader.faults.add(f"{key}.where", 'is not a table of texts and integers such as { DRSY = "00" }')
    table, code, word = (name_of(f"{key}.{name}", line[name], reader.faults) for name in ("table", "code", "word"))
    return CodeTable(table, code, word, tuple(where.items()) if plain else ())


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
    """``columns``, of fixed widths or of any."""
    if "widths" not in line:
        return _joined(reader, line)
    names, widths, separator = line["columns"], line.get("widths"), line.get("separator", "")
    if (
        not isinstance(names, list)
        or not isinstance(widths, list)
        or len(names) - len(widths) not in (0, 1)
        or not widths
    ):
        reader.fault("needs columns and as many widths, or one less if the last column is a text of any width")
        return None
    if not all(isinstance(width, int) and 0 < width <= 80 for width in widths) or not isinstance(separator, str):
        reader.fault("has a width that is not a number from 1 to 80, or a separator that is no text")
        return None
    columns = [reader.column(name) for name in names]
    if not reader.typed(STRING) or None in columns:
        return None
    length = sum(widths) + len(separator) * (len(names) - 1)
    if reader.property.max_length is not None and length > reader.property.max_length:
        reader.fault(f"makes {length} characters, but max_length is {reader.property.max_length}")
    free = (0,) * (len(names) - len(widths))
    return Composite(tuple(c for c in columns if c is not None), (*widths, *free), separator)


def _joined(reader: Reader, line: Line) -> Codec | None:
    names, separator = line["columns"], line.get("separator")
    if not isinstance(names, list) or len(names) < 2:
        reader.fault("columns is not a list of at least two columns")
        return None
    if separator not in _SEPARATORS:
        reader.fault(f"columns without widths need a separator, one of {' '.join(_SEPARATORS)}, not {separator!r}")
        return None
    columns = [reader.column(name) for name in names]
    if not reader.typed(STRING) or None in columns:
        return None
    return Joined(tuple(column for column in columns if column is not None), separator)


#: What neither numbers nor escaped characters are made of.
_SEPARATORS = ("~", ".")
