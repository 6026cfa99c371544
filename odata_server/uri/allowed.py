"""Which query options apply to what, as tables; and the context in which errors learn of which option they speak."""

from edm.errors import ODataError
from edm.model import NavigationProperty
from odata_server.uri.bound import Answer
from odata_server.uri.syntax import ExpandItem, Option, QueryOptions

_ROWS = {"$filter", "$search", "$compute"}
_SHAPE = {"$select", "$expand", "$compute"}
_ALWAYS = {"$format", "$schemaversion"}
_SLICE = {"$orderby", "$top", "$skip", "$count", "$skiptoken", "$apply", "$deltatoken", "$index"}
#: Options that mean something for each kind of resource; ``$count`` as a path ignores the slice (URL Conventions 4.8).
ALLOWED: dict[Answer, frozenset[str]] = {
    Answer.SERVICE_DOCUMENT: frozenset(_ALWAYS),
    Answer.METADATA: frozenset(_ALWAYS),
    Answer.COLLECTION: frozenset(_ROWS | _SHAPE | _ALWAYS | _SLICE),
    Answer.ENTITY: frozenset(_SHAPE | _ALWAYS),
    Answer.PROPERTY: frozenset(_ALWAYS),
    Answer.VALUE: frozenset(_ALWAYS),
    Answer.COUNT: frozenset(_ROWS | _ALWAYS | {"$apply", "$orderby", "$top", "$skip", "$expand", "$select"}),
    Answer.REFERENCES: frozenset(_ROWS | _ALWAYS | _SLICE),
    Answer.REFERENCE: frozenset(_ALWAYS),
}
#: Options that parse, but that this service does not answer yet.
UNSUPPORTED = ("$deltatoken", "$index")
#: Options of requests that mean nothing within ``$expand``.
_OUTSIDE = {"$format", "$schemaversion", "$skiptoken", "$deltatoken", "$apply", "$index"}


def check_allowed(answer: Answer, options: QueryOptions) -> None:
    """Refuses options that do not apply to this kind of resource."""
    for name in options.system:
        if name not in ALLOWED[answer]:
            raise ODataError(
                "option_not_allowed", f"{name} does not apply to this kind of resource ({answer.value}).", target=name
            )
        if name in UNSUPPORTED:
            raise ODataError("not_implemented", f"{name} is not supported.", target=name)


def check_nested(navigation: NavigationProperty, item: ExpandItem, nested: QueryOptions) -> None:
    """Refuses options that do not apply to this item of ``$expand``."""
    answer = Answer.COLLECTION if navigation.collection else Answer.ENTITY
    allowed = (ALLOWED[answer] - _OUTSIDE) | {"$levels"}
    if item.suffix == "$count" and not navigation.collection:
        raise ODataError("type_mismatch", f"{navigation.name} is not a collection.", position=item.position)
    for name in nested.system:
        if name == "$apply":
            raise ODataError("not_implemented", f"{name} in $expand is not supported.", position=item.position)
        if name not in allowed:
            raise ODataError(
                "option_not_allowed", f"{name} does not apply to {navigation.name}.", position=item.position
            )


class locating:  # noqa: N801 (a context manager in the manner of those of contextlib, which are slower)
    """Errors raised within get the option as their target."""

    __slots__ = ("_option",)

    def __init__(self, option: Option) -> None:
        self._option = option

    def __enter__(self) -> Option:
        return self._option

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, ODataError):
            error.located(self._option.name, self._option.text)
