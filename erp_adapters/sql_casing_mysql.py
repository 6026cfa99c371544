"""Upper and lower case on MariaDB and MySQL: what it changes depends on the collation and on the server's version.

So the database is asked, once per engine, what each character becomes under the newest collation that it knows. Where
only a few differ from ``tolower`` of ``edm.functions``, those are replaced before, and its answer is exact. Otherwise
texts without the differing characters are answered exactly, and those with one are let through as candidates, for the
engine to look at again.
"""

from collections.abc import Callable, Mapping
from itertools import groupby

from sqlalchemy import Connection, Text, func, literal, select
from sqlalchemy.exc import DBAPIError

from edm.meanings import lower
from erp_adapters.dialects_base import Casing
from erp_adapters.sql_values import Sql, collated

_Change = Callable[[str], str]

#: Collations that may know Unicode's lower case, the newest first. The last one is everywhere.
_COLLATIONS = ("utf8mb4_uca1400_ai_ci", "utf8mb4_0900_ai_ci", "utf8mb4_unicode_520_ci", "utf8mb4_general_ci")
#: All characters that have another case, or may be taken for one that has.
_CHARACTERS = "".join(chr(code) for code in range(1, 0x20000) if not 0xD800 <= code <= 0xDFFF)
#: More differing characters than this and the statement becomes too long.
_REPLACED = 8
_UNKNOWN_COLLATION = 1273


def look(connection: Connection, code_points: str) -> Mapping[str, Casing]:
    """How this database changes case."""
    meanings: dict[str, tuple[str, _Change]] = {"tolower": ("lower", lower), "toupper": ("upper", str.upper)}
    for collation in _COLLATIONS:
        try:
            made = {
                function: _casing(connection, collation, code_points, *meaning)
                for function, meaning in meanings.items()
            }
        except DBAPIError as error:
            if getattr(error.orig, "args", (0,))[0] != _UNKNOWN_COLLATION:
                raise
        else:
            return {function: casing for function, casing in made.items() if casing is not None}
    return {}


def _casing(connection: Connection, collation: str, code_points: str, name: str, meaning: _Change) -> Casing | None:
    def change(value: Sql) -> Sql:
        return collated(getattr(func, name)(collated(value, collation), type_=Text()), code_points)

    found = connection.scalar(select(change(literal(_CHARACTERS, Text()))))
    if found is None or len(found) != len(_CHARACTERS):
        return None
    differing = [old for old, new in zip(_CHARACTERS, found, strict=True) if meaning(old) != new]
    if len(differing) > _REPLACED:
        pattern = _any_of(differing)
        return Casing(False, change, lambda value: value.regexp_match(literal(pattern, Text())))

    def exact(value: Sql) -> Sql:
        for character in differing:
            old, new = literal(character, Text()), literal(meaning(character), Text())
            value = func.replace(value, old, new, type_=Text())
        return change(value)

    return Casing(True, exact)


def _any_of(characters: list[str]) -> str:
    """A regular expression for one of the characters, which are in order."""
    runs = groupby(enumerate(characters), lambda pair: ord(pair[1]) - pair[0])
    parts = []
    for _, run in runs:
        members = [character for _, character in run]
        parts.append(members[0] if len(members) == 1 else f"{members[0]}-{members[-1]}")
    return f"[{''.join(parts)}]"
