"""Binds ``$search``: each term becomes a condition on the set's searchable properties."""

from edm.errors import ODataError
from edm.expressions import FALSE, IT, TRUE, Call, Const, Expr, Prop, call, conjunction, disjunction
from edm.functions import FUNCTIONS
from edm.model import EntitySet
from edm.primitives import STRING
from odata_server.uri.syntax import SearchCall, SearchNode, SearchTerm


def search_condition(entity_set: EntitySet, node: SearchNode, variable: str = IT) -> Expr:
    """``$search`` as a condition: each term is part of one of the set's searchable properties, ignoring case and ASCII
    punctuation but the hyphen (Salesforce strips it from what people type). ``variable`` is the row."""
    fields = [p for p in entity_set.type.properties if p.searchable]
    if not fields:
        raise ODataError("not_implemented", f"{entity_set.name} has no searchable properties.", target="$search")
    match node:
        case SearchTerm(text=text):
            word = FUNCTIONS["$searchtext"].evaluate(text).strip()
            hits = [
                call(
                    "contains",
                    Call("$searchtext", (Prop((p.name,), STRING, variable, p.nullable),), STRING),
                    Const(word, STRING),
                )
                for p in fields
            ]
            twice = [call("eq", hit, TRUE) if p.nullable else hit for hit, p in zip(hits, fields, strict=True)]
            return disjunction(*twice) or FALSE
        case SearchCall(name="not", args=args):
            return call("not", search_condition(entity_set, args[0], variable))
        case SearchCall(name=name, args=args):
            parts = [search_condition(entity_set, arg, variable) for arg in args]
            return (conjunction(*parts) if name == "and" else disjunction(*parts)) or TRUE
