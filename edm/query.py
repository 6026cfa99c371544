"""What is asked of one entity set, as a frozen value: its own cache key, test oracle and log line.

An adapter receives a ``Query`` that holds only what its capabilities accepted; the engine finishes the rest.
"""

from dataclasses import dataclass, replace

from edm.expressions import Expr


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One ``$orderby`` item. Nulls come first ascending and last descending (URL Conventions 5.1.7)."""

    expr: Expr
    descending: bool = False


@dataclass(frozen=True, slots=True)
class ComputeItem:
    """``expr as name``: a column that is not a property (``$compute``, or a sort expression kept for a token)."""

    name: str
    expr: Expr


@dataclass(frozen=True, slots=True)
class Query:
    """Rows of ``entity_set`` that pass ``filter``, sorted, sliced; each row a tuple in ``columns`` order.

    ``columns`` name structural properties or items of ``compute``. ``top`` is ``None`` for all. With ``count`` the
    first page carries the number of rows that pass ``filter``, whatever ``skip`` and ``top`` say.
    """

    entity_set: str
    columns: tuple[str, ...]
    filter: Expr | None = None
    orderby: tuple[OrderItem, ...] = ()
    skip: int = 0
    top: int | None = None
    count: bool = False
    compute: tuple[ComputeItem, ...] = ()

    expand: tuple["Expansion", ...] = ()

    def with_(self, **changes: object) -> "Query":
        """A copy with some fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Expansion:
    """One ``$expand`` item: for each row the related rows, as ``query`` filters, sorts and slices them per parent.

    ``query`` has no condition on the parent yet. ``kind`` is ``entities``, ``references`` (``$ref``) or ``count``.
    ``selected`` are the navigation properties that a nested ``$select`` names, ``None`` without one: the context URL
    has to say so. ``options`` are the nested options that a next link repeats, each as name and text.
    """

    navigation: str
    query: Query
    kind: str = "entities"
    selected: tuple[str, ...] | None = None
    options: tuple[tuple[str, str], ...] = ()
    levels: int = 1
