"""A name taken apart: words, the concepts that they stand for, and the names that people read.

Names come as ``INVOICE_DATE``, ``invoiceDate``, ``Rechnungsdatum``, ``CUSTNO``, ``tabSales Invoice``, ``llx_facture``:
they are cut at signs and changes of case, and what is left is cut into known words.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from erp_adapters.proposal.words import WORDS

#: What stands between words that German puts together.
_LINKS = ("s", "n", "en", "es", "e", "er")
_ENDINGS = ("s", "es", "n", "en", "e", "er", "x", "ies", "i")
#: The least length of a word within a longer one; shorter ones only at the end, as in CUSTNO.
_INNER = 3
_LAST = frozenset({"no", "nr", "id", "dt", "cd", "nm", "qt", "ln", "hd", "ty", "am", "um", "st", "to"})
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ø": "o"})


def _vocabulary() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for line in WORDS.strip().splitlines():
        concept, _, words = line.partition(":")
        for word in words.split():
            found.setdefault(word.replace("_", ""), []).append(concept)
    return {word: tuple(dict.fromkeys(concepts)) for word, concepts in found.items()}


VOCABULARY: Mapping[str, tuple[str, ...]] = _vocabulary()
CONCEPTS = frozenset(concept for concepts in VOCABULARY.values() for concept in concepts)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a name and what it can mean; an unknown one means itself."""

    text: str
    concepts: tuple[str, ...]

    @property
    def known(self) -> bool:
        return bool(self.concepts)


def fold(text: str) -> str:
    """Without accents, in lower case."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(c for c in plain if not unicodedata.combining(c)).lower()


def pieces(name: str) -> list[str]:
    """The parts of a name between signs and changes of case, folded. Digits are parts of their own."""
    spaced = re.sub(
        r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])|(?<=[A-ZÄÖÜ])(?=[A-ZÄÖÜ][a-zäöüß])", " ", name.replace("%", " percent ")
    )
    spaced = re.sub(r"(?<=\D)(?=\d)|(?<=\d)(?=\D)", " ", spaced)
    return [part for part in re.split(r"[^0-9a-z]+", fold(spaced)) if part]


@lru_cache(maxsize=65_536)
def words(name: str) -> tuple[Word, ...]:
    """The words of a name in order."""
    parts = pieces(name)
    found: list[Word] = []
    index = 0
    while index < len(parts):
        for size in (3, 2):  # ship_to, bill_to, sold_to
            joined = "".join(parts[index : index + size])
            if index + size <= len(parts) and joined in VOCABULARY and len(joined) > 3:
                found.append(Word(joined, VOCABULARY[joined]))
                index += size
                break
        else:
            found += _split(parts[index])
            index += 1
    return tuple(found)


def concepts(name: str) -> tuple[tuple[str, ...], ...]:
    """What each word of the name can mean."""
    return tuple(word.concepts for word in words(name))


def meaning(word: str) -> tuple[str, ...]:
    """The concepts of a word, singular or plural."""
    if word in VOCABULARY:
        return VOCABULARY[word]
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3:
            for candidate in (stem, stem + "e", stem + "y", stem + "o"):
                if candidate in VOCABULARY:
                    return VOCABULARY[candidate]
    return ()


@lru_cache(maxsize=65_536)
def _split(part: str) -> tuple[Word, ...]:
    """A part as one known word, or as several, or as an unknown one."""
    if part.isdigit():
        return (Word(part, ()),)
    if known := meaning(part):
        return (Word(part, known),)
    cut = _compound(part)
    if cut is None and part.startswith("is") and meaning(part[2:]):
        return (Word("is", ()), Word(part[2:], meaning(part[2:])))
    if cut is None:
        return (Word(part, ()),)
    return tuple(Word(word, meaning(word)) for word in cut)


def _compound(part: str) -> list[str] | None:
    """The cut into known words that covers the part, with the fewest words; links between German words are free."""
    best: dict[int, tuple[int, list[str]]] = {0: (0, [])}
    for start in range(len(part)):
        if start not in best:
            continue
        cost, so_far = best[start]
        for end in range(start + 2, len(part) + 1):
            word = part[start:end]
            if len(word) < _INNER and not (word in _LAST and end == len(part) and start >= 3):
                continue
            exact = word in VOCABULARY
            if not exact and not (len(word) >= 5 and meaning(word)):
                continue
            for link in ("", *_LINKS):
                stop = end + len(link)
                if link and (part[end:stop] != link or stop == len(part)):
                    continue
                candidate = (cost + (10 if exact else 11) + (1 if link else 0), [*so_far, word])
                if stop not in best or candidate[0] < best[stop][0]:
                    best[stop] = candidate
    found = best.get(len(part))
    return found[1] if found is not None and len(found[1]) > 1 else None


# Prefixes that say nothing


def common_prefix(names: Sequence[str], share: float = 0.6, least: int = 3) -> str:
    """What most of the names begin with, up to a sign: ``llx_``, ``tbl``, ``CRONUS$``; empty if there is no such."""
    if len(names) < least:
        return ""
    counts: Counter[str] = Counter()
    for name in names:
        for end in _ends(name):
            counts[name[:end]] += 1
    enough = max(least, int(len(names) * share))
    found = [prefix for prefix, count in counts.items() if count >= enough]
    return max(found, key=len, default="")


def _ends(name: str) -> Iterable[int]:
    """Where a prefix may end: behind a sign, or before the first capital of a name that began small (``tabItem``)."""
    yield from (m.end() for m in re.finditer(r"[_$./\-]", name) if m.end() < len(name))
    if camel := re.match(r"[a-z]{1,4}(?=[A-Z])", name):
        yield camel.end()


def letters_prefix(names: Sequence[str], longest: int = 3, share: float = 0.9) -> str:
    """One to three letters or digits that nearly all names begin with, where what follows goes on without a sign: the
    columns of a JD Edwards table (``RPDOC``, ``RPAN8``), the tables of a small ERP (``OINVHD``).
    """
    if len(names) < 4:
        return ""
    for size in range(longest, 0, -1):
        counts = Counter(name[:size] for name in names if len(name) > size)
        if counts:
            prefix, count = counts.most_common(1)[0]
            if count >= len(names) * share and prefix.isalnum():
                return prefix
    return ""


# Names for people

_SMALL = frozenset({"of", "and", "or", "to", "in", "on", "for", "per", "by"})
_SHORT = frozenset("VAT GST ID PO SKU EAN UPC GL URL IBAN BIC UOM LCY EU HS MwSt".upper().split())


def title(name: str) -> str:
    """``due_date`` as ``Due Date``."""
    spaced = re.sub(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])|(?<=[A-ZÄÖÜ])(?=[A-ZÄÖÜ][a-zäöüß])", " ", name)
    parts = [part for part in re.split(r"[^\w]+|_+", spaced) if part]
    kept = not name.isupper()  # in a name of both cases, capitals are meant
    shown = [p if (p.upper() in _SHORT and p.isupper()) or (kept and p.isupper()) else p.capitalize() for p in parts]
    return " ".join(part.lower() if part.lower() in _SMALL and at else part for at, part in enumerate(shown))


def pascal(label: str) -> str:
    """``Due Date`` as ``DueDate``, in ASCII letters and digits, at most 40."""
    plain = unicodedata.normalize("NFKD", label.translate(_LETTERS))
    parts = re.split(r"[^A-Za-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)))
    name = "".join(part[:1].upper() + part[1:] for part in parts if part)
    if not name:
        return "Column"
    return (name if name[0].isalpha() else f"X{name}")[:40]
