"""Binds ``$compute``: names for expressions, which the other options of the same level use like properties.

A computed property is no node of its own: wherever its name stands, the binder puts the expression. So sources, engine
and tokens need to know nothing of it; what rows show of it is ``Query.compute``.
"""

from dataclasses import replace

from edm.errors import ODataError
from edm.expressions import Expr
from edm.primitives import CollectionType
from edm.query import ComputeItem
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.syntax import ComputeSyntax


def with_computed(binder: ExpressionBinder, items: tuple[ComputeSyntax, ...]) -> ExpressionBinder:
    """``binder`` that also knows the names that ``items`` define; a later item may use earlier ones.

    Raises ``name_taken`` for a name that the type or an earlier item has (URL Conventions 5.1.9).
    """
    for item in items:
        if item.name in binder.computed or item.name in binder.entity_set.type.member_names():
            raise ODataError(
                "name_taken",
                f"{binder.entity_set.type.name} already has a property {item.name}.",
                position=item.position,
                hint="Choose another name for the computed property.",
            )
        binder = replace(binder, computed={**binder.computed, item.name: _value(binder, item)})
    return binder


def _value(binder: ExpressionBinder, item: ComputeSyntax) -> Expr:
    expr = binder.bounded(binder.bind(item.expr))
    if isinstance(expr.type, CollectionType):
        raise ODataError(
            "type_mismatch", f"{item.name} would be a list, which no property can hold.", position=item.position
        )
    return expr


def shown_items(binder: ExpressionBinder, columns: tuple[str, ...]) -> tuple[ComputeItem, ...]:
    """The computed properties among ``columns``, which a source has to bring."""
    return tuple(ComputeItem(name, binder.computed[name]) for name in columns if name in binder.computed)
