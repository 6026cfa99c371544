"""Which column holds which known property: names against patterns, kinds against types, values where there are some."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from erp_adapters.introspect import Column, Table
from erp_adapters.introspect_sample import Profile
from erp_adapters.proposal.match import best, context_of
from erp_adapters.proposal.names import Word
from erp_adapters.proposal.patterns import COMMON, INSTEAD, PATTERNS
from erp_adapters.proposal.standard import standard
from erp_adapters.proposal.study import Study
from erp_adapters.proposal.values import date_form, flag_codes

#: Below it nothing is claimed.
LEAST = 0.55
CURRENCIES = frozenset(
    [
        "EUR",
        "USD",
        "GBP",
        "CHF",
        "JPY",
        "CNY",
        "SEK",
        "NOK",
        "DKK",
        "PLN",
        "CZK",
        "HUF",
        "CAD",
        "AUD",
        "NZD",
        "INR",
        "BRL",
        "MXN",
        "ZAR",
        "TRY",
        "RUB",
        "SGD",
        "HKD",
        "KRW",
        "AED",
        "ILS",
        "RON",
        "BGN",
    ]
)
#: Properties that are text for people: a number is none of them.
_WORDY = re.compile(
    r"(Name\d?|Description|Street|City|Note|Comment|Email|Website|Phone|Terms|Location|Manager|Manufacturer|Region)$"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A column for a property, how surely and why."""

    property: str
    column: str
    score: float
    because: str


def claims(
    study: Study, table: Table, entity_set: str, *, sampled: bool, leads: Mapping[str, str] | None = None
) -> dict[str, Claim]:
    """The best columns for the properties of a set, each column once. ``leads``: column -> the set that it refers to,
    empty for a table that is none.
    """
    found: list[Claim] = []
    foreign = standard()[entity_set].foreign()
    for column in study.relevant(table):
        profile = study.profile(table, column.name) if sampled else None
        names = study.names(table, column.name)
        for name, kind, pattern in _wanted(entity_set):
            fit = best(names, pattern, context_of(entity_set))
            if fit < 0.3:
                continue
            score = fit * suits(kind, name, column, profile, names, _hint(study, table, column.name))
            if leads and name in foreign:
                score *= _leading(column.name, foreign[name], leads)
            if name == "LineNumber" and len(table.primary_key) > 1:
                score *= 1.1 if column.name in table.primary_key else 0.7
            if score >= LEAST:
                found.append(Claim(name, column.name, score, _why(study, table, column.name)))
    return _instead(entity_set, _assigned(found))


def _instead(entity_set: str, given: dict[str, Claim]) -> dict[str, Claim]:
    missing, other = INSTEAD.get(entity_set, ("", ""))
    if missing and missing not in given and other in given:
        claim = given.pop(other)
        given[missing] = Claim(missing, claim.column, claim.score * 0.9, claim.because)
    return given


def _leading(column: str, target: str, leads: Mapping[str, str]) -> float:
    """A foreign key is a column that leads to its set, where any does."""
    if column in leads:
        return 1.15 if leads[column] == target else 0.4
    return 0.75 if target in leads.values() else 1.0


def _hint(study: Study, table: Table, column: str) -> str | None:
    known = study.hint(table, column)
    return known.date if known else None


def _assigned(found: list[Claim]) -> dict[str, Claim]:
    given: dict[str, Claim] = {}
    used: set[str] = set()
    for claim in sorted(found, key=lambda c: (-c.score, c.property)):
        if claim.property not in given and claim.column not in used:
            given[claim.property] = claim
            used.add(claim.column)
    return given


@lru_cache(maxsize=32)
def _wanted(entity_set: str) -> tuple[tuple[str, str, str], ...]:
    """Property, type and pattern."""
    own = PATTERNS.get(entity_set, {})
    found = (
        (name, str(facets["type"]), own.get(name, COMMON.get(name, "")))
        for name, facets in standard()[entity_set].properties.items()
    )
    return tuple(item for item in found if item[2])


def _why(study: Study, table: Table, column: str) -> str:
    reading = study.reading(table)
    if column in reading.items:
        return f"{reading.dictionary} calls {column} {reading.items[column].label!r}"
    comment = table.columns[column].comment
    return f"the comment says {comment!r}" if comment and len(comment) <= 40 else "the name says so"


def suits(
    kind: str, name: str, column: Column, profile: Profile | None, names: tuple[tuple[Word, ...], ...], hint: str | None
) -> float:
    """How well a column's type, and its values if they were looked at, fit a property."""
    if profile is not None and profile.values and profile.empty and column.kind != "boolean":
        return 0.6 * _suits(kind, name, column, None, names, hint)
    score = _suits(kind, name, column, profile, names, hint)
    if profile is not None and kind == "String" and _FEW.search(name) and _many(profile):
        score *= 0.4
    return score


#: Properties of few values: a column of which each row has another is none of them.
_FEW = re.compile(r"^(CompanyCode|Currency|\w*Status|\w*Type|\w+Group|Unit|PaymentTerms\w*|Incoterm|Language|Country)$")


def _many(profile: Profile) -> bool:
    return len(profile.counts) > 20 and len(profile.counts) > 0.5 * len(profile.present)


def _suits(
    kind: str, name: str, column: Column, profile: Profile | None, names: tuple[tuple[Word, ...], ...], hint: str | None
) -> float:
    if kind == "Date":
        return _suits_date(column, profile, hint)
    if kind == "DateTimeOffset":
        return {"timestamp": 1.0, "timestamptz": 1.0, "date": 0.8}.get(
            column.kind, _suits_date(column, profile, hint) * 0.75
        )
    if kind == "Decimal" or kind.startswith("Int"):
        return _suits_number(kind, column, profile)
    if kind == "Boolean":
        return _suits_flag(column, profile)
    return _suits_text(name, column, profile)


def _suits_date(column: Column, profile: Profile | None, hint: str | None) -> float:
    if column.kind == "date":
        return 1.0
    if column.kind in ("timestamp", "timestamptz"):
        return 0.97
    if column.kind not in ("integer", "numeric", "text", "char"):
        return 0.0
    if profile is None:
        return 0.7 if column.kind != "text" or (column.length or 99) <= 10 else 0.5
    return 0.98 if date_form(profile, named=True, hint=hint) else _stamp_text(profile)


def _stamp_text(profile: Profile) -> float:
    shaped = profile.filled and all(re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", t) for t in profile.filled)
    return 0.9 if shaped else 0.0


def _suits_number(kind: str, column: Column, profile: Profile | None) -> float:
    if column.kind in ("numeric", "float"):
        whole = kind.startswith("Int") and (column.scale or (profile.decimals if profile else 0))
        return 0.6 if whole else 1.0
    if column.kind == "integer":
        return 0.97
    texts = profile.filled if profile is not None and column.kind in ("text", "char") else []
    return 0.8 if texts and all(re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", t) for t in texts) else 0.0


def _suits_flag(column: Column, profile: Profile | None) -> float:
    if column.kind == "boolean":
        return 1.0
    if profile is None:
        return 0.6 if column.kind in ("integer", "text", "char") else 0.0
    return 1.0 if flag_codes(column, profile, named=True) else 0.0


def _suits_text(name: str, column: Column, profile: Profile | None) -> float:
    if column.kind in ("date", "timestamp", "timestamptz", "time", "binary", "other", "float"):
        return 0.0
    if column.kind == "boolean":
        return 0.3 if name != "Status" else 0.5
    if column.kind in ("integer", "numeric"):
        return 0.1 if _WORDY.search(name) else 0.0 if column.scale else 0.93
    if profile is not None and profile.filled and name == "Currency":
        return 1.0 if all(len(t.strip()) == 3 for t in profile.filled) else 0.6
    return 1.0


def by_value(study: Study, table: Table, entity_set: str, found: Mapping[str, Claim]) -> dict[str, Claim]:
    """Properties that values alone give away: a column of currency codes."""
    if "Currency" in found or "Currency" not in standard()[entity_set].properties:
        return {}
    used = {claim.column for claim in found.values()}
    for column in study.relevant(table):
        texts = study.profile(table, column.name).filled
        if column.name not in used and texts and column.kind in ("text", "char"):
            codes = {t.strip() for t in texts}
            if codes <= CURRENCIES:
                because = f"the values are currency codes: {', '.join(sorted(codes)[:4])}"
                return {"Currency": Claim("Currency", column.name, 0.8, because)}
    return {}
