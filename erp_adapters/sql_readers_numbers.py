"""Readers of lines about numbers."""

from collections.abc import Mapping

from edm.primitives import DECIMAL
from erp_adapters.sections import unknown
from erp_adapters.sql_codecs import Amount, Codec, Places, Scaled, Signs, Sum
from erp_adapters.sql_readers import Line, Reader

#: Most places that a number is moved against its decimals.
_LEAST = -9


def amount(reader: Reader, line: Line) -> Codec | None:
    """``decimals``, ``sign``, ``times`` and ``per``."""
    column = reader.column(line.get("column"))
    decimals = _decimals(reader, line["decimals"]) if "decimals" in line else None
    sign = _sign(reader, line.get("sign", 1))
    times, per = (reader.column(line[key]) if key in line else None for key in ("times", "per"))
    number = reader.property.type.integral and not {"decimals", "times", "per"} & line.keys()
    if not number and not reader.typed(DECIMAL):
        return None
    found = {"decimals": decimals, "times": times, "per": per}
    missing = [key for key in found if key in line and found[key] is None]
    if column is None or sign is None or missing:
        return None
    if isinstance(decimals, int) and (sign, times, per) == (1, None, None):
        return Scaled(column, decimals)
    return Amount(column, decimals, sign, times, per)


def _decimals(reader: Reader, value: object) -> int | Places | None:
    if not isinstance(value, Mapping):
        number = reader.number(value)
        if number is not None:
            reader.check_scale(number)
        return number
    if "by" in value:
        unknown(f"{reader.key}.decimals", value, {"by", "values", "default"}, reader.faults)
        return _by_code(reader, value)
    unknown(f"{reader.key}.decimals", value, {"column", "default", "stored"}, reader.faults)
    column, stored, default = reader.column(value.get("column")), value.get("stored", 0), value.get("default")
    if not _places(stored, 0) or not _places(default, 0):
        reader.fault("decimals of a column need a default from 0 to 18, and stored is such a number, too")
        return None
    assert isinstance(default, int)
    reader.check_scale(default - stored)
    return None if column is None else Places(column, default, None, stored)


def _by_code(reader: Reader, line: Line) -> Places | None:
    column, values, default = reader.column(line["by"]), line.get("values", {}), line.get("default")
    if not isinstance(values, Mapping) or not all(_places(places, _LEAST) for places in (*values.values(), default)):
        reader.fault("decimals by a column need values such as { JPY = 0, KWD = 3 } and a default, from -9 to 18")
        return None
    for places in (*values.values(), default):
        assert isinstance(places, int)
        reader.check_scale(places)
    assert isinstance(default, int)
    return None if column is None else Places(column, default, dict(values))


def _places(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= 18


def _sign(reader: Reader, value: object) -> int | Signs | None:
    if value in (1, -1) and type(value) is int:
        return value
    if not isinstance(value, Mapping):
        reader.fault(f'sign is neither 1, -1 nor such as {{ by = "TYPE", negative = ["CM"] }}: {value!r}')
        return None
    unknown(f"{reader.key}.sign", value, {"by", "negative"}, reader.faults)
    column, codes = reader.column(value.get("by")), reader.codes("negative", value.get("negative"))
    return Signs(column, codes) if column is not None and codes is not None else None


def summed(reader: Reader, line: Line) -> Codec | None:
    """``sum``. Without ``decimals`` the columns have their own."""
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
