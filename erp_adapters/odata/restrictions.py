"""What a set of the service lets through: its Capabilities annotations, and the options, as one value.

A service that annotates a set is taken at its word, and what it leaves out means what the vocabulary says: that it is
supported. One that annotates nothing is trusted with comparisons, ``and``, ``or``, the three plain text functions, the
order of what is never null, ``$top`` and ``$count``. What would lose records if it compared texts whatever the case, or
had nulls at the other end, is finished here, and so are conditions across navigation, ``$skip`` and the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from erp_adapters.odata import options as known
from erp_adapters.odata.csdl import CAPABILITIES, CORE, Child, Model

ORDERING = frozenset({"lt", "le", "gt", "ge"})
COMPARED = frozenset({"eq", "ne", "in"}) | ORDERING
PLAIN_FUNCTIONS = frozenset({"contains", "startswith", "endswith"})
#: Of the vocabulary's FilterExpressionType: what a property may be compared with, and whether texts are searched.
EXPRESSIONS: Mapping[str, tuple[frozenset[str], bool]] = {
    "SingleValue": (frozenset({"eq"}), False),
    "MultiValue": (frozenset({"eq", "in"}), False),
    "SingleRange": (frozenset({"eq"}) | ORDERING, False),
    "MultiRange": (frozenset({"eq", "in"}) | ORDERING, False),
    "SearchExpression": (frozenset(), True),
    "MultiRangeOrSearchExpression": (frozenset({"eq", "in"}) | ORDERING, True),
}
#: Those after which a property occurs once, so that it cannot be an alternative to itself.
SINGLE = ("SingleValue", "SingleRange")


NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What may be asked of one set. ``expressions``: field -> its FilterExpressionType."""

    annotated: bool
    filterable: bool
    requires_filter: bool
    required: tuple[str, ...]
    unfilterable: frozenset[str]
    expressions: Mapping[str, str]
    sortable: bool
    unsortable: frozenset[str]
    functions: frozenset[str]
    alternatives: str
    lambdas: bool
    lists: bool
    paths: bool
    insensitive: bool
    exact_texts: bool
    nulls_first: bool
    ordered: bool
    top: bool
    skip: bool
    count: bool
    select: bool
    expandable: bool
    unexpandable: frozenset[str]
    plain_enums: bool
    values: int | None


#: Nothing of these is known of a set that is reached through navigation without a binding: it is not annotated.
UNKNOWN = Child("", "", False, {}, {})


@dataclass(frozen=True, slots=True)
class Announced:
    """What a service says of itself on the whole: which version it is asked in, and whether it says anything at all of
    how it is read; then it is taken to compare texts and to sort nulls as the standard says."""

    model: Model
    version: str
    says: bool

    @classmethod
    def by(cls, model: Model, version: str) -> "Announced":
        return cls(
            model, version, _conforms(model) or any(_said(child).keys() & _READING for child in model.children.values())
        )


def _conforms(model: Model) -> bool:
    level = str(model.annotations.get(f"{CAPABILITIES}ConformanceLevel", ""))
    return level.rpartition("/")[2] in ("Intermediate", "Advanced")


def _said(child: Child) -> dict[str, Any]:
    return {t.removeprefix(CAPABILITIES): value for t, value in child.annotations.items() if t.startswith(CAPABILITIES)}


def restrictions(
    service: Announced, child: Child | None, options: Mapping[str, Any], reached: Mapping[str, Any] = NOTHING
) -> Restrictions:
    """What the annotations of a set and of the container say, and the options instead of them. ``reached`` is what is
    said of the way there, which outranks what is said of the set."""
    model = service.model
    said = _said(child or UNKNOWN) | {name: value for name, value in reached.items() if name in _READING}
    container = {term.removeprefix(CAPABILITIES): value for term, value in model.annotations.items()}
    annotated = bool(said.keys() & _READING) or _conforms(model)
    filters, sorts, expands = (_record(said.get(f"{name}Restrictions")) for name in ("Filter", "Sort", "Expand"))
    functions = _functions(said.get("FilterFunctions", container.get("FilterFunctions")), annotated, options)
    lists = options.get("in", "in" in functions or (service.version == "4.01" and announces_401(model)))

    def flag(option: str, otherwise: bool) -> bool:
        return bool(options.get(option, otherwise))

    return Restrictions(
        annotated,
        filters.get("Filterable") is not False,
        filters.get("RequiresFilter") is True,
        tuple(options.get("required", _paths(filters.get("RequiredProperties")))),
        frozenset((*_paths(filters.get("NonFilterableProperties")), *known.names(options, "unfilterable"))),
        _expressions(filters.get("FilterExpressionRestrictions")),
        sorts.get("Sortable") is not False,
        frozenset((*_unsortable(sorts), *known.names(options, "unsortable"))),
        functions,
        options.get("or", known.ANY_FIELDS),
        flag("lambda", annotated and ("any" in functions or _undeclared(said, container))),
        bool(lists),
        flag("paths", annotated),
        options.get("case") == known.INSENSITIVE,
        options.get("case", known.SENSITIVE if service.says else None) == known.SENSITIVE,
        options.get("nulls", "first" if service.says else None) == "first",
        flag("ordered", False),
        flag("top", said.get("TopSupported") is not False),
        flag("skip", annotated and said.get("SkipSupported") is not False),
        flag("count", _record(said.get("CountRestrictions")).get("Countable") is not False),
        flag("select", _record(said.get("SelectSupport")).get("Supported") is not False),
        expands.get("Expandable") is not False,
        frozenset(_paths(expands.get("NonExpandableProperties"))),
        options.get("enums") == known.PLAIN,
        options.get("values"),
    )


#: Terms about reading; a set that says only that it takes no changes has said nothing of them.
_READING = frozenset(
    {
        "FilterRestrictions", "SortRestrictions", "TopSupported", "SkipSupported", "CountRestrictions",
        "SelectSupport", "ExpandRestrictions", "FilterFunctions", "SearchRestrictions", "NavigationRestrictions",
    }
)  # fmt: skip


def on_the_way(child: Child | None, navigation: str) -> Mapping[str, Any]:
    """What a set says of the records that one of its navigation properties leads to."""
    said = _record(child.annotations.get(f"{CAPABILITIES}NavigationRestrictions")) if child else NOTHING
    rows = said.get("RestrictedProperties")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and row.get("NavigationProperty") == navigation:
            return row
    return NOTHING


def announces_401(model: Model) -> bool:
    """Whether the service says that it speaks OData 4.01."""
    return model.version == "4.01" or "4.01" in str(model.annotations.get(f"{CORE}ODataVersions", "")).split()


def _undeclared(said: Mapping[str, Any], container: Mapping[str, Any]) -> bool:
    return "FilterFunctions" not in said and "FilterFunctions" not in container


def _functions(said: Any, annotated: bool, options: Mapping[str, Any]) -> frozenset[str]:
    if "functions" in options:
        return frozenset(options["functions"])
    if isinstance(said, list):
        return frozenset(map(str, said))
    return PLAIN_FUNCTIONS | {"tolower"} if annotated else PLAIN_FUNCTIONS


def _record(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _paths(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _unsortable(sorts: Mapping[str, Any]) -> tuple[str, ...]:
    # What sorts in one direction alone is not asked to sort at all.
    terms = ("NonSortableProperties", "AscendingOnlyProperties", "DescendingOnlyProperties")
    return tuple(path for term in terms for path in _paths(sorts.get(term)))


def _expressions(value: Any) -> Mapping[str, str]:
    rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    return {str(row["Property"]): str(row["AllowedExpressions"]) for row in rows if row.keys() >= _EXPRESSION}


_EXPRESSION = {"Property", "AllowedExpressions"}
