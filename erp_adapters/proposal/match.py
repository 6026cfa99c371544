"""How well a name fits a pattern of ``patterns``: the share of its words that the pattern explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from erp_adapters.proposal.names import CONCEPTS, Word
from erp_adapters.proposal.patterns import CONTEXT

#: What a word counts that the pattern does not explain: one that means something else, one that means nothing to us.
STRANGE, UNKNOWN, FREE = 1.0, 0.45, 0.12


@dataclass(frozen=True, slots=True)
class Alternative:
    """Concepts that must be there, concepts that may, and what the match is worth."""

    required: tuple[str, ...]
    optional: frozenset[str]
    worth: float
    needed: frozenset[str]


@lru_cache(maxsize=4_096)
def compiled(pattern: str) -> tuple[Alternative, ...]:
    """The alternatives of a pattern; later ones are worth a little less."""
    found = []
    for index, part in enumerate(filter(None, (p.strip() for p in pattern.split("|")))):
        text, _, worth = part.partition("~")
        tokens = text.split()
        required = tuple(t for t in tokens if not t.endswith("?"))
        optional = frozenset(t.removesuffix("?") for t in tokens if t.endswith("?"))
        unknown = {*required, *optional} - CONCEPTS
        assert not unknown, f"no such concept: {unknown}"
        found.append(
            Alternative(required, optional, float(worth) if worth else 1.0 - 0.01 * index, frozenset(required))
        )
    return tuple(found)


@lru_cache(maxsize=262_144)
def fit(words: tuple[Word, ...], pattern: str, context: frozenset[str]) -> float:
    """From 0 to 1."""
    told = _told(words)
    possible = (a for a in compiled(pattern) if a.needed <= told)
    return max((_fit(words, alternative, context) for alternative in possible), default=0.0)


@lru_cache(maxsize=65_536)
def _told(words: tuple[Word, ...]) -> frozenset[str]:
    """All that the words can mean."""
    return frozenset(concept for word in words for concept in word.concepts)


def _fit(words: tuple[Word, ...], alternative: Alternative, context: frozenset[str]) -> float:
    needed = set(alternative.needed)
    explained = 0
    left: list[Word] = []
    for word in words:
        hit = needed.intersection(word.concepts)
        if hit:
            needed -= hit
            explained += 1
        elif alternative.optional.intersection(word.concepts) or alternative.needed.intersection(word.concepts):
            explained += 1
        else:
            left.append(word)
    if needed or not explained:
        return 0.0
    strange = sum(_strange(w, context) for w in left)
    return alternative.worth * explained / (explained + strange)


#: Words that make another thing of it: a gross amount is no tax amount.
DECISIVE = frozenset({"gross", "net", "open", "discount", "local", "foreign", "applied", "tax"})


def _strange(word: Word, context: frozenset[str]) -> float:
    if context.intersection(word.concepts):
        return FREE
    if word.known:
        return 2.5 if set(word.concepts) <= DECISIVE else STRANGE
    return _unknown(word)


def _unknown(word: Word) -> float:
    """Digits tell two columns of a kind apart; a letter or two are mostly a prefix."""
    return 0.3 if word.text.isdigit() else UNKNOWN if len(word.text) > 2 else 0.2


@lru_cache(maxsize=64)
def context_of(entity_set: str) -> frozenset[str]:
    """The concepts that are free in names of the set."""
    return frozenset(CONTEXT.get(entity_set, "").split())


def best(names: Sequence[tuple[Word, ...]], pattern: str, context: frozenset[str]) -> float:
    """The best fit of several names for one thing; each later one is trusted a little less."""
    return max((fit(words, pattern, context) * (0.97**index) for index, words in enumerate(names)), default=0.0)


def says(names: Sequence[Sequence[Word]], concepts: Mapping[str, str] | frozenset[str]) -> str | None:
    """The first concept of these that one of the names has a word for."""
    for words in names:
        for word in words:
            for concept in word.concepts:
                if concept in concepts:
                    return concept
    return None
