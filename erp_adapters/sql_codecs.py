"""How the values of one property are stored, as values: a codec per line of ``[sql.columns]``.

How codecs are written is in ``sql_readers``, what one means in SQL in ``sql_fields``, how a stored value is read in
``sql_decode``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column of the set's own table (``alias`` is empty) or of one of its joins; or a total (``name`` is empty)."""

    alias: str
    name: str

    def __str__(self) -> str:
        return f"{self.alias}.{self.name}" if self.alias and self.name else self.alias or self.name


@dataclass(frozen=True, slots=True)
class Plain:
    """The column as it is; ``trim`` leaves out trailing blanks."""

    column: ColumnRef
    trim: bool = False


@dataclass(frozen=True, slots=True)
class Scaled:
    """An integer with implied decimals: 123456 is 1234.56."""

    column: ColumnRef
    decimals: int


@dataclass(frozen=True, slots=True)
class DateDigits:
    """A date in digits or text, such as 20261123; 0 and blanks say that there is none. ``pattern`` is one of
    ``sql_dates``."""

    column: ColumnRef
    pattern: str = "yyyymmdd"


@dataclass(frozen=True, slots=True)
class Split:
    """A point in time from a date and a time of day in two columns, which are the local time of ``zone``."""

    column: ColumnRef
    pattern: str
    time: ColumnRef
    clock: str
    zone: str


@dataclass(frozen=True, slots=True)
class CodeTable:
    """Where codes and their words stand in the database: in the rows whose columns have the given values."""

    table: str
    code: str
    word: str
    where: tuple[tuple[str, str | int], ...]


@dataclass(frozen=True, slots=True)
class Codes:
    """A code that is published as a word; an unknown code is published as itself. ``words`` of a table are known when
    the database was asked (see ``sql_code_tables``)."""

    column: ColumnRef
    words: Mapping[str, str]
    trim: bool = False
    table: CodeTable | None = None

    def stored(self, word: str) -> tuple[str, ...]:
        """The codes that are published as ``word``."""
        known = tuple(code for code, published in self.words.items() if published == word)
        return known if word in self.words else (*known, word)


@dataclass(frozen=True, slots=True)
class Flag:
    """A Boolean; every code but those of ``true`` is false, and so is null. With ``false`` every other code is null."""

    column: ColumnRef
    true: tuple[str, ...]
    trim: bool = False
    false: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Composite:
    """Columns of fixed widths with a separator between them; integers are zero-padded. A last one of width 0 is a
    text of any width."""

    columns: tuple[ColumnRef, ...]
    widths: tuple[int, ...]
    separator: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Columns of any width with a separator between them, which is escaped within texts."""

    columns: tuple[ColumnRef, ...]
    separator: str


@dataclass(frozen=True, slots=True)
class Justified:
    """A text without blanks on either side; with a width it is stored with blanks in front, up to that width."""

    column: ColumnRef
    width: int | None


@dataclass(frozen=True, slots=True)
class Alpha:
    """A text that is stored with leading zeros up to ``width`` if it has digits only."""

    column: ColumnRef
    width: int


@dataclass(frozen=True, slots=True)
class Guid:
    """A GUID as text. ``mixed``: the first three groups of its bytes are stored backwards."""

    column: ColumnRef
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class Polymorphic:
    """The id behind the name of a model and a comma; null for other models."""

    column: ColumnRef
    model: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A number that is stored as text."""

    column: ColumnRef


@dataclass(frozen=True, slots=True)
class Sum:
    """A signed sum of columns with one number of implied decimals; null counts as 0."""

    terms: tuple[tuple[int, ColumnRef], ...]
    decimals: int


@dataclass(frozen=True, slots=True)
class Places:
    """Implied decimals that another column tells: by codes, or (without ``values``) as a number, of which ``stored``
    are in the column anyway. ``default`` is for all other codes, and for null."""

    column: ColumnRef
    default: int
    values: Mapping[str, int] | None = None
    stored: int = 0


@dataclass(frozen=True, slots=True)
class Signs:
    """Values are negated where the column has one of these codes."""

    column: ColumnRef
    negative: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Amount:
    """A number whose decimals or sign another column tells, or that is multiplied and divided by others. Without
    ``decimals`` the column has its own."""

    column: ColumnRef
    decimals: int | Places | None
    sign: int | Signs = 1
    times: ColumnRef | None = None
    per: ColumnRef | None = None


@dataclass(frozen=True, slots=True)
class First:
    """The first text that is neither null nor blank, or else the constant."""

    columns: tuple[ColumnRef, ...]
    constant: str | None


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that no column holds."""

    value: Any


@dataclass(frozen=True, slots=True)
class Zoned:
    """A timestamp without zone that holds the local time of ``zone``."""

    column: ColumnRef
    zone: str


@dataclass(frozen=True, slots=True)
class TextStamp:
    """A timestamp without zone that SQLite holds as text; ``form`` is one of ``STAMP_FORMS``."""

    column: ColumnRef
    zone: str
    form: str


@dataclass(frozen=True, slots=True)
class Rounded:
    """A number with more digits than the property has, rounded half away from zero."""

    column: ColumnRef


@dataclass(frozen=True, slots=True)
class Nothing:
    """Another codec, some of whose values mean that there is none. Those of a point in time are as they are stored."""

    of: "Codec"
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class When:
    """Another codec, where other columns have one of some codes each; else null."""

    of: "Codec"
    conditions: tuple[tuple[ColumnRef, tuple[str, ...]], ...]


Codec = (
    Plain
    | Scaled
    | DateDigits
    | Codes
    | Flag
    | Composite
    | Sum
    | Zoned
    | TextStamp
    | Split
    | Rounded
    | Nothing
    | Amount
    | First
    | Constant
    | Joined
    | Justified
    | Alpha
    | Guid
    | Polymorphic
    | Parsed
    | When
)


def columns_of(codec: Codec) -> tuple[ColumnRef, ...]:
    """The columns that a codec reads."""
    match codec:
        case Composite(columns=columns) | First(columns=columns) | Joined(columns=columns):
            return columns
        case When(of=inner, conditions=conditions):
            return (*columns_of(inner), *(column for column, _ in conditions))
        case Amount():
            return _of_amount(codec)
        case Constant():
            return ()
        case Sum(terms=terms):
            return tuple(column for _, column in terms)
        case Split():
            return (codec.column, codec.time)
        case Nothing(of=inner):
            return columns_of(inner)
        case _:
            return (codec.column,)


def _of_amount(codec: Amount) -> tuple[ColumnRef, ...]:
    decides = [what.column for what in (codec.decimals, codec.sign) if isinstance(what, Places | Signs)]
    factors = [column for column in (codec.times, codec.per) if column is not None]
    return (codec.column, *decides, *factors)


def code_table(codec: Codec) -> CodeTable | None:
    """The table that a codec has its words from."""
    match codec:
        case Codes(table=table):
            return table
        case Nothing(of=inner) | When(of=inner):
            return code_table(inner)
    return None
