"""Which field a codec has: the one place that knows all families."""

from collections.abc import Callable, Sequence
from typing import Any

from edm.model import Property
from edm.primitives import DATE, STRING
from erp_adapters.dialects_base import Dialect
from erp_adapters.sql_codecs import (
    Alpha,
    Amount,
    Codec,
    Codes,
    ColumnRef,
    Composite,
    Constant,
    DateDigits,
    First,
    Flag,
    Guid,
    Joined,
    Justified,
    Nothing,
    Parsed,
    Plain,
    Polymorphic,
    Rounded,
    Scaled,
    Split,
    Sum,
    TextStamp,
    When,
    Zoned,
    columns_of,
)
from erp_adapters.sql_columns import marks
from erp_adapters.sql_fields import NOT_COMPARED, Column, Field, PlainField
from erp_adapters.sql_fields_around import NothingField, WhenField
from erp_adapters.sql_fields_choice import ConstantField, FirstField
from erp_adapters.sql_fields_codes import CodesField, FlagField
from erp_adapters.sql_fields_dates import DateField, LocalField, SplitField, ZonedField
from erp_adapters.sql_fields_ids import GuidField, NumberTextField
from erp_adapters.sql_fields_keys import CompositeField, JoinedField
from erp_adapters.sql_fields_numbers import AmountField, ScaledField, SumField
from erp_adapters.sql_fields_stamps import RoundedField, StampDayField, TextStampField
from erp_adapters.sql_fields_texts import AlphaField, JustifiedField, ParsedField, PolymorphicField
from erp_adapters.sql_values import Kind, Sql

_FIELDS: dict[type[Any], Callable[..., Field]] = {
    Plain: PlainField,
    Scaled: ScaledField,
    DateDigits: DateField,
    Codes: CodesField,
    Flag: FlagField,
    Composite: CompositeField,
    Sum: SumField,
    Zoned: ZonedField,
    Split: SplitField,
    Amount: AmountField,
    First: FirstField,
    Constant: ConstantField,
    TextStamp: TextStampField,
    Rounded: RoundedField,
    Joined: JoinedField,
    Justified: JustifiedField,
    Alpha: AlphaField,
    Guid: GuidField,
    Polymorphic: PolymorphicField,
    Parsed: ParsedField,
}


def field(
    d: Dialect, prop: Property, codec: Codec, column: Callable[[ColumnRef], Column], present: Sql | None
) -> Field:
    """The property at the place whose columns ``column`` finds."""
    columns = tuple(column(ref) for ref in columns_of(codec))
    if isinstance(codec, Nothing):
        inner = field(d, prop, codec.of, column, present)
        marked = marks(codec.of)
        of = inner if marked == codec.of else field(d, prop, marked, column, present)
        return NothingField(d, prop, codec, columns, present, inner, of)
    if isinstance(codec, When):
        return WhenField(d, prop, codec, columns, present, field(d, prop, codec.of, column, present))
    if isinstance(codec, Plain) and prop.type == DATE and columns[0].facts.kind is Kind.TIMESTAMP:
        return StampDayField(d, prop, codec, columns, present)
    return _kind(prop, codec, columns)(d, prop, codec, columns, present)


def _kind(prop: Property, codec: Codec, columns: Sequence[Column]) -> Callable[..., Field]:
    if prop.type in NOT_COMPARED:
        return PlainField
    if isinstance(codec, Zoned) and codec.zone != "UTC":
        return LocalField
    if isinstance(codec, Plain) and prop.type == STRING:
        if columns[0].integral:
            return NumberTextField
        if columns[0].facts.kind is Kind.UUID:
            return GuidField
    return _FIELDS[type(codec)]
