"""Words for codes: those of the built-in catalog, those of the ERP's own table of codes, or a line to start from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from erp_adapters.introspect import Column
from erp_adapters.proposal.patterns import STATUSES

if TYPE_CHECKING:
    from erp_adapters.proposal.fields import Fields

#: Distinct values of a column that are still codes.
CODES_MOST = 20
#: Codes that a comment lists.
CODES_SHOWN = 12
#: JD Edwards's table of codes: system, kind, code, word.
UDC_TABLE, UDC_COLUMNS = "F0005", ("DRSY", "DRRT", "DRKY", "DRDL01")


def codes_seen(fields: "Fields", column: Column, words: Mapping[str, str]) -> list[str]:
    """Codes that somebody may want to give words to, as a line to start from."""
    profile = fields.study.profile(fields.table, column.name)
    codes = sorted({str(v).strip() for v in profile.counts} - {""})
    if not 1 < len(codes) <= CODES_SHOWN or len(profile.present) < 5 * len(codes) or column.choices:
        return []
    left = [code for code in codes if code not in words and words.get(code) is None and len(code) <= 4]
    if len(left) < len(codes) - len(words) or not left or not set(left).isdisjoint(words.values()):
        return []
    if not fields.shapes.has(
        fields.table, column, frozenset({"status", "type", "group", "reason", "method", "active"})
    ):
        return []
    return ["words for its codes: codes = { " + ", ".join(f'"{code}" = "{code}"' for code in left) + " }"]


def listed_words(fields: "Fields", column: Column) -> dict[str, Any]:
    """The words of a code, where the ERP keeps them in a table of codes."""
    known = fields.study.hint(fields.table, column.name)
    table = next((t for t in fields.study.tables.values() if fields.study.plain(t).upper() == UDC_TABLE), None)
    if known is None or known.udc is None or table is None or not set(UDC_COLUMNS) <= set(table.columns):
        return {}
    system, kind = known.udc.split("/")
    rows = set(fields.study.sample(table).tuples(UDC_COLUMNS[:2]))
    if (system, kind) not in {(str(a).strip(), str(b).strip()) for a, b in rows}:
        return {}
    where = {UDC_COLUMNS[0]: system, UDC_COLUMNS[1]: kind}
    return {"codes": {"table": fields.name_of(table), "code": UDC_COLUMNS[2], "word": UDC_COLUMNS[3], "where": where}}


def status_words(fields: "Fields", column: Column) -> dict[str, Any]:
    """Codes that are words of a language we know are published as the words of the built-in catalog."""
    allowed = {
        *fields.known.get("Status", {}).get("allowed", ()),
        *fields.known.get("LineStatus", {}).get("allowed", ()),
    }
    known = fields.study.reading(fields.table).known
    values = [str(v).strip() for v in fields.study.profile(fields.table, column.name).counts if v is not None]
    if not values or len(set(values)) > CODES_MOST:
        return {}
    words = dict(known.statuses(fields.draft.name)) if known is not None else {}
    by_word = {w: status for status, text in STATUSES.items() for w in text.split() if status in allowed}
    for value in values:
        folded = value.lower().replace(" ", "_")
        if value not in words and folded in by_word and len(folded) > 1 and by_word[folded] != value:
            words[value] = by_word[folded]
    return {"codes": words} if words else {}
