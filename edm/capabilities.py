"""What a source can answer: data by default, with an overridable ``match`` for what data cannot say.

The same values yield the planner's decisions, the Capabilities annotations and the test parameters of the adapter kit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from edm.expressions import Expr
from edm.query import Query


class Match(IntEnum):
    """How well a source answers a condition. ``INEXACT`` may return more rows than asked for, never fewer."""

    NO = 0
    INEXACT = 1
    EXACT = 2


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one entity set's source answers by itself.

    ``match`` grades one conjunct, looking at every node of it. ``sort`` tells whether the source can order by an
    expression exactly as OData does (nulls first ascending, strings by code point). ``compute`` tells whether it can
    return the value of an expression as a column. ``derive`` tells whether it answers a query whose rows are made of
    others (``Query.source``), all of it. An adapter that declares nothing is already correct.
    """

    match: Callable[[Expr], Match] = lambda expr: Match.NO
    sort: Callable[[Expr], bool] = lambda expr: False
    compute: Callable[[Expr], bool] = lambda expr: False
    skip: bool = False
    top: bool = False
    count: bool = False
    derive: Callable[[Query], bool] = lambda query: False
