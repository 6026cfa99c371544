"""Which of several worker processes this one is. A worker that replaces another one takes over its place, so that what
is kept by place does not grow with every worker that ever was.
"""

from collections.abc import Iterable

#: The process that forks the others off, or the only one.
FIRST = "first"

_own = FIRST


def own() -> str:
    """The place of this process."""
    return _own


def take(place: str) -> None:
    """This process is a worker, and that is its place."""
    global _own
    _own = place


def free(taken: Iterable[str]) -> str:
    """The first place that nobody has."""
    others = set(taken)
    return next(place for number in range(len(others) + 1) if (place := f"{number}") not in others)
