"""Changes requests as their grammar suggests: by tokens, by what stands in one pair of parentheses, by parts of others.

Random bytes seldom get beyond the lexer; these do.
"""

import re
from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz.messages import TOKENS

#: Text in quotes, names and numbers, encoded characters, blanks, anything else.
_TOKEN = re.compile(rb"'(?:[^']|'')*'|\w+|%[0-9A-Fa-f]{2}|\s+|.", re.DOTALL)
_PAIRS = {b"(": b")", b"[": b"]", b"{": b"}"}
_WORDS = tuple(token.encode() for token in TOKENS)

Tokens = list[bytes]


def mutated(data: bytes, dice: Random, others: Sequence[bytes], most: int = 4_096) -> bytes:
    """``data`` after a few changes; ``others`` lend their parts."""
    tokens = _TOKEN.findall(data)
    for _ in range(dice.randint(1, 4)):
        change = dice.choice(_CHANGES)
        change(tokens, dice, _TOKEN.findall(dice.choice(others)) if others else tokens)
    return b"".join(tokens)[:most]


def _place(tokens: Tokens, dice: Random) -> int:
    return dice.randrange(len(tokens) + 1)


def _group(tokens: Tokens, dice: Random) -> slice:
    """A pair of parentheses with what is in it and the name before it; any few tokens where there is none."""
    opening = [at for at, token in enumerate(tokens) if token in _PAIRS]
    if not opening:
        start = _place(tokens, dice)
        return slice(start, min(len(tokens), start + dice.randint(1, 6)))
    start = at = dice.choice(opening)
    depth = 0
    for at in range(start, len(tokens)):
        depth += (tokens[at] in _PAIRS) - (tokens[at] in _PAIRS.values())
        if depth == 0:
            break
    return slice(start - (start > 0 and dice.random() < 0.5), at + 1)


def _insert(tokens: Tokens, dice: Random, other: Tokens) -> None:
    at = _place(tokens, dice)
    tokens[at:at] = [dice.choice(_WORDS)]


def _delete(tokens: Tokens, dice: Random, other: Tokens) -> None:
    at = _place(tokens, dice)
    del tokens[at : at + dice.randint(1, 5)]


def _replace(tokens: Tokens, dice: Random, other: Tokens) -> None:
    at = _place(tokens, dice)
    tokens[at : at + 1] = [dice.choice(other) if other and dice.random() < 0.5 else dice.choice(_WORDS)]


def _swap(tokens: Tokens, dice: Random, other: Tokens) -> None:
    if tokens:
        a, b = dice.randrange(len(tokens)), dice.randrange(len(tokens))
        tokens[a], tokens[b] = tokens[b], tokens[a]


def _repeat(tokens: Tokens, dice: Random, other: Tokens) -> None:
    group = _group(tokens, dice)
    tokens[group.stop : group.stop] = tokens[group] * dice.choice((1, 2, 5, 30))


def _nest(tokens: Tokens, dice: Random, other: Tokens) -> None:
    """A group within a copy of itself, or within parentheses or a call."""
    group = _group(tokens, dice)
    around = dice.choice((b"(", b"not (", b"tolower(", b"cast(", b"[", b"{", b"$filter("))
    closing = [_PAIRS[around[-1:]]]
    times = dice.choice((1, 1, 2, 5, 50))
    tokens[group] = [around] * times + tokens[group] + closing * times


def _splice(tokens: Tokens, dice: Random, other: Tokens) -> None:
    """A part of another message in the place of a part of this one."""
    tokens[_group(tokens, dice)] = other[_group(other, dice)]


def _cross(tokens: Tokens, dice: Random, other: Tokens) -> None:
    tokens[_place(tokens, dice) :] = other[_place(other, dice) :]


def _option(tokens: Tokens, dice: Random, other: Tokens) -> None:
    """Everything behind the first ``?`` of another message."""
    if b"?" in other:
        tokens += [b"&" if b"?" in tokens else b"?", *other[other.index(b"?") + 1 :]]


_CHANGES: tuple[Callable[[Tokens, Random, Tokens], None], ...] = (
    _insert, _insert, _delete, _replace, _replace, _swap, _repeat, _nest, _splice, _splice, _cross, _option,
)  # fmt: skip
