"""The unbound tree: what the URL says, names unchecked, every node with its position in the option's decoded
text.

Made by the parser, consumed by the binder, seen by nobody else. ``position`` is a 0-based character offset.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Literal:
    """A primitive literal. ``kind`` is the Edm type name its form suggests, ``text`` the value without quotes
    and prefix.

    Kinds: ``Null Boolean Integer Decimal Double String Date DateTimeOffset TimeOfDay Guid Duration Binary
    Enum``. ``Integer`` and ``Decimal`` leave the exact type to the binder; ``Double`` has an exponent or is
    INF/NaN; for ``Enum`` ``text`` is the members and ``type_name`` the qualified enumeration type.
    """

    kind: str
    text: str
    position: int
    type_name: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """One path segment: a name (simple or qualified), optional parentheses with arguments or keys.

    ``arguments`` is ``None`` without parentheses. ``options`` holds the options of ``$count($filter=...)``. A
    segment without a name is the key of what the segment before it returns: ``Latest(Count=5)('A1')`` are two
    segments.
    """

    name: str
    position: int
    arguments: tuple["Argument", ...] | None = None
    options: tuple["Option", ...] = ()


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument in parentheses: positional (``name`` empty) or ``name=value``."""

    name: str
    value: "SyntaxNode"
    position: int


@dataclass(frozen=True, slots=True)
class PathExpr:
    """A path such as ``Customer/Name``, ``$it/Name``, ``Lines/$count``; the binder decides what each segment
    is.

    A lambda is the last segment: ``Lines/any(l:l/Qty gt 1)`` has a ``LambdaExpr`` as ``lambda_``.
    """

    segments: tuple[Segment, ...]
    position: int
    lambda_: "LambdaExpr | None" = None


@dataclass(frozen=True, slots=True)
class AliasExpr:
    """A parameter alias; ``name`` includes the ``@``, as in ``QueryOptions.aliases``."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class AnnotationExpr:
    """An annotation ``@Namespace.Term#Qualifier`` of the instance itself; within a path it is a segment of
    that name.
    """

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class CallExpr:
    """A function call or an operator, by lower-case name: ``contains``, ``eq``, ``and``, ``not``, ``neg``,
    ``in``, ``has``.

    ``and`` and ``or`` chains are one n-ary node. ``position`` is that of the operator or function name.
    ``case`` has arguments ``(condition, value, condition, value, ...)``.
    """

    name: str
    args: tuple["SyntaxNode", ...]
    position: int


@dataclass(frozen=True, slots=True)
class LambdaExpr:
    """``any(v:predicate)``, ``all(v:predicate)`` or ``any()``."""

    kind: str
    variable: str
    predicate: "SyntaxNode | None"
    position: int


@dataclass(frozen=True, slots=True)
class CollectionExpr:
    """``(a,b,c)`` on the right of ``in``, or a JSON array ``[a,b]``."""

    items: tuple["SyntaxNode", ...]
    position: int


@dataclass(frozen=True, slots=True)
class ObjectExpr:
    """A JSON object literal ``{"name": value}``."""

    members: tuple[tuple[str, "SyntaxNode"], ...]
    position: int


@dataclass(frozen=True, slots=True)
class RootExpr:
    """``$root/...`` as a value."""

    path: PathExpr
    position: int


@dataclass(frozen=True, slots=True)
class TypeExpr:
    """The type that ``cast`` or ``isof`` names, their last argument: ``Edm.String``,
    ``Collection(Edm.Date)``.
    """

    name: str
    position: int


SyntaxNode = (
    Literal
    | PathExpr
    | AliasExpr
    | AnnotationExpr
    | CallExpr
    | LambdaExpr
    | CollectionExpr
    | ObjectExpr
    | RootExpr
    | TypeExpr
)


# --- options
# -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderbyItem:
    expr: SyntaxNode
    descending: bool
    position: int


@dataclass(frozen=True, slots=True)
class ComputeSyntax:
    expr: SyntaxNode
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class FromSyntax:
    """``from A,B with method``: aggregated by these first. ``method`` may be empty after a custom aggregate."""

    keys: tuple[PathExpr, ...]
    method: str
    position: int


@dataclass(frozen=True, slots=True)
class AggregateSyntax:
    """``expr with method from ... as name``. Without ``method`` it is a custom aggregate or, if the path ends in
    ``$count``, a count; ``expr`` is ``None`` for ``$count`` alone. In the function ``aggregate`` there is no name.
    """

    expr: "SyntaxNode | None"
    method: str
    name: str
    position: int
    froms: tuple[FromSyntax, ...] = ()


@dataclass(frozen=True, slots=True)
class RollupSyntax:
    """``rollup(A,B)``, the coarsest level first; ``total`` if ``$all`` stands before it."""

    levels: tuple[PathExpr, ...]
    total: bool
    position: int


@dataclass(frozen=True, slots=True)
class Transformation:
    """One step of ``$apply``. What ``args`` are depends on ``name``:

    ``aggregate`` and ``compute``: their items. ``groupby``: the grouping elements (``PathExpr | RollupSyntax``, or a
    ``Transformation`` for operators that are only parsed), then the steps (empty without). ``concat``: sequences of
    steps. ``filter``: the condition. ``search``: a ``SearchNode``. ``orderby``: its items. ``top``, ``skip``: a number.
    ``topcount`` and relatives: two expressions. Steps that are only parsed have none.
    """

    name: str
    args: tuple[object, ...]
    position: int


@dataclass(frozen=True, slots=True)
class SelectItem:
    """``path`` is the slash-separated names; ``*``, ``Namespace.*``, ``@Term`` and ``Function(A,B)`` are
    names too.
    """

    path: tuple[str, ...]
    position: int
    options: tuple["Option", ...] = ()


@dataclass(frozen=True, slots=True)
class ExpandItem:
    """``path`` as in ``$select``; ``suffix`` is ``""``, ``$ref``, ``$count``, or ``$value`` after an empty
    path.
    """

    path: tuple[str, ...]
    position: int
    suffix: str = ""
    options: tuple["Option", ...] = ()


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """A word or phrase of ``$search``."""

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class SearchCall:
    """``AND``, ``OR`` (n-ary) or ``NOT`` over search terms; ``name`` is lower-case."""

    name: str
    args: tuple["SearchNode", ...]
    position: int


SearchNode = SearchTerm | SearchCall


@dataclass(frozen=True, slots=True)
class Option:
    """One query option, decoded. ``name`` is canonical: lower-case with ``$`` for system options, ``@x`` for
    aliases.

    ``value`` is the parsed form (``None`` where the option keeps its text): a ``SyntaxNode`` for ``$filter``
    and aliases, tuples of items for ``$orderby``, ``$select``, ``$expand``, ``$compute``, a ``SearchNode``
    for ``$search``, ``int`` for ``$top``, ``$skip``, ``$index``, ``bool`` for ``$count``, ``int | "max"`` for
    ``$levels``, ``str`` otherwise. Positions within a nested option count in the text of the outermost one.
    """

    name: str
    text: str
    value: object = None


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """The query part of a URL: system options, parameter aliases and custom options, each name once."""

    system: dict[str, Option] = field(default_factory=dict)
    aliases: dict[str, Option] = field(default_factory=dict)
    custom: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ResourcePath:
    """The path below the service root, split and decoded; ``Invoices('1')/Customer/$ref`` has three segments.

    An empty tuple is the service document.
    """

    segments: tuple[Segment, ...]
    text: str
