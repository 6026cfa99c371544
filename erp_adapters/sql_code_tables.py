"""Words for codes that stand in tables of the database: read when the adapter looks at it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table
from sqlalchemy.exc import DBAPIError

from erp_adapters.sql_codecs import Codec, Codes, CodeTable, Nothing, When, code_table
from erp_adapters.sql_decode import code_text
from erp_adapters.sql_mapping import SetMapping
from erp_adapters.sql_source import Source, split

#: More codes than this are no table of codes.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Looked:
    """What was learnt of a database: its tables, the mappings with all words, and which sets lack theirs, and why."""

    source: Source
    mappings: Mapping[str, SetMapping]
    broken: Mapping[str, str]


class _NoCodes(Exception):  # not an error of ours: its sets are broken, others are not
    """A table is none of codes; the message says why."""


def loaded(mappings: Mapping[str, SetMapping], connection: Connection, source: Source) -> Looked:
    """The mappings with all words. Each table is read once."""
    known: dict[CodeTable, Mapping[str, str]] = {}
    filled: dict[str, SetMapping] = {}
    broken: dict[str, str] = {}
    for name, mapping in mappings.items():
        try:
            for where in filter(None, map(code_table, mapping.codecs.values())):
                if where not in known:
                    known[where] = _read(where, connection, source)
        except (_NoCodes, DBAPIError) as error:
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise
            connection.rollback()
            broken[name] = str(error)
        else:
            codecs = {prop: _filled(codec, known) for prop, codec in mapping.codecs.items()}
            filled[name] = replace(mapping, codecs=codecs)
    return Looked(source, filled, broken)


def _filled(codec: Codec, known: Mapping[CodeTable, Mapping[str, str]]) -> Codec:
    match codec:
        case Codes(table=CodeTable() as where):
            return replace(codec, words=known[where])
        case Nothing(of=inner) | When(of=inner):
            return replace(codec, of=_filled(inner, known))
    return codec


def _read(where: CodeTable, connection: Connection, source: Source) -> dict[str, str]:
    """The words by code, both without blanks around them."""
    schema, bare = split(where.table) if source.dialect.schemas else (None, where.table)
    names = dict.fromkeys((where.code, where.word, *(key for key, _ in where.where)))
    table = sql_table(bare, *(sql_column(key) for key in names), schema=schema)
    conditions = [table.c[key] == value for key, value in where.where]
    asked = select(table.c[where.code], table.c[where.word]).where(*conditions).limit(MOST + 1)
    rows = connection.execute(asked).all()
    if len(rows) > MOST:
        raise _NoCodes(f"{where.table} has more than {MOST} codes; is where missing?")
    found: dict[str, str] = {}
    for code, text in rows:
        word = "" if text is None else str(text).strip(" ")
        if code is None or not word:
            continue
        key = _code(code, where)
        if found.setdefault(key, word) != word:
            raise _NoCodes(f"{where.table} has several words for {key!r}; is where missing?")
    return found


def _code(code: object, where: CodeTable) -> str:
    try:
        return code_text(code).strip(" ")
    except TypeError:
        raise _NoCodes(f"{where.table}.{where.code}: {code!r} is no code") from None
