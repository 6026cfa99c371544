"""What tests of records share."""

from edm.expressions import Expr
from edm.model import ServiceMetadata
from odata_server.normalise import normalise
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.parser import parse_expression
from tests.engine.small import NOW


def bound(metadata: ServiceMetadata, entity_set: str, text: str) -> Expr:
    """A condition as planning hands it to a source."""
    expr = normalise(ExpressionBinder(metadata, metadata[entity_set], NOW).bind(parse_expression(text)))
    assert expr is not None
    return expr
