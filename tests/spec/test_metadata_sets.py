"""What ``$metadata`` claims of each entity set is what the service does, claim by claim and set by set."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.serving import Answer
from tests.spec.claims import DESCRIBING, Claimed, Json, Published, claims, read
from tests.spec.clauses import Row, World, well_formed_error

Check = Callable[[Claimed, Any], None]
OF_SETS: dict[str, Check] = {}


def of_set(term: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        OF_SETS[term] = check
        return check

    return register


@of_set("Capabilities.IndexableByKey")
def by_key(it: Claimed, claim: bool) -> None:
    row = it.rows[0]
    it.published.holds(claim, it.entity(row))
    for name, link in it.navigation.items():
        related = it.published.world.get(f"{it.entity(row)}/{name}").rows if link.get("$Collection") else []
        if related:
            it.published.holds(claim, f"{it.entity(row)}/{name}('{related[0][it.target(name).key]}')")


@of_set("Capabilities.TopSupported")
def top(it: Claimed, claim: bool) -> None:
    it.published.holds(claim, f"{it.name}?$top=2")
    assert not claim or len(it.published.works(f"{it.name}?$top=2").rows) == 2


@of_set("Capabilities.SkipSupported")
def skip(it: Claimed, claim: bool) -> None:
    it.published.holds(claim, f"{it.name}?$skip=2&$top=1")
    if claim:
        assert it.published.works(f"{it.name}?$skip=2&$top=1").rows[0][it.key] == it.rows[2][it.key]


@of_set("Capabilities.ComputeSupported")
def compute(it: Claimed, claim: bool) -> None:
    target = f"{it.name}?$compute=length({it.key}) as Extent&$select=Extent&$top=1"
    it.published.holds(claim, target)
    assert not claim or it.published.works(target).rows[0]["Extent"] == len(it.rows[0][it.key])


@of_set("Capabilities.CountRestrictions")
def countable(it: Claimed, claim: Json) -> None:
    countable = claim.get("Countable", True)
    it.published.holds(countable, f"{it.name}/$count")
    it.published.holds(countable, f"{it.name}?$count=true&$top=0")
    if countable:
        assert it.published.works(f"{it.name}/$count").text == str(len(it.rows))
        assert it.published.works(f"{it.name}?$count=true&$top=0").count == len(it.rows)
    for name, link in it.navigation.items():
        if link.get("$Collection"):
            allowed = countable and name not in claim.get("NonCountableNavigationProperties", [])
            it.published.holds(allowed, f"{it.entity(it.rows[0])}/{name}/$count")


@of_set("Capabilities.SelectSupport")
def select(it: Claimed, claim: Json) -> None:
    supported = claim.get("Supported", True)
    for name in it.properties:
        it.published.holds(supported, f"{it.name}?$select={name}&$top=1")
    some = next(iter(it.properties))
    nested = {
        "Expandable": "$expand=x", "Filterable": "$filter=true", "Searchable": "$search=x", "TopSupported": "$top=1",
        "SkipSupported": "$skip=1", "ComputeSupported": "$compute=1 as x", "Countable": "$count=true",
        "Sortable": "$orderby=$this",
    }  # fmt: skip
    for member, option in nested.items():
        if not claim.get(member, False):
            it.published.refused(f"{it.name}?$select={some}({option})&$top=1")
    if not claim.get("InstanceAnnotationsSupported", False):
        it.published.refused(f"{it.name}?$select=@Core.Description&$top=1")


@of_set("Capabilities.FilterRestrictions")
def filterable(it: Claimed, claim: Json) -> None:
    filterable, needed = claim.get("Filterable", True), claim.get("RequiresFilter", False)
    it.published.holds(not needed, f"{it.name}?$top=1")
    refused = claim.get("NonFilterableProperties", [])
    allowed = {e["Property"]: e["AllowedExpressions"] for e in claim.get("FilterExpressionRestrictions", [])}
    for name in it.properties:
        row = it.row_with(name)
        if row is None:
            continue
        for expression, condition, finds in conditions(it, name, row):
            works = filterable and name not in refused and expression in EXPRESSIONS[allowed.get(name, "")]
            target = f"{it.name}?$filter={condition} and {it.key} eq '{row[it.key]}'&$select={it.key}"
            it.published.holds(works, target)
            found = [r[it.key] for r in it.published.works(target).rows] if works else []
            assert found == ([row[it.key]] if works and finds else []), target


#: Capabilities.FilterExpressionType -> the expressions it allows; without a restriction all.
_ALL = {"equal", "several", "range", "ranges", "search"}
EXPRESSIONS = {
    "": _ALL,
    "SingleValue": {"equal"},
    "MultiValue": {"equal", "several"},
    "SingleRange": {"equal", "range"},
    "MultiRange": {"equal", "several", "range", "ranges"},
    "SearchExpression": {"search"},
    "MultiRangeOrSearchExpression": _ALL,
}


def conditions(it: Claimed, name: str, row: Row) -> Iterator[tuple[str, str, bool]]:
    """Kind of expression, condition on the property, whether it finds the row."""
    literal = it.literal(name, row)
    yield "equal", f"{name} eq {literal}", True
    yield "equal", f"{name} ne {literal}", False
    yield "several", f"({name} eq {literal} or {name} eq null)", True
    yield "several", f"{name} in ({literal})", True
    if not isinstance(row[name], bool):
        yield "range", f"{name} ge {literal} and {name} le {literal}", True
        yield "range", f"{name} gt {literal}", False
        yield "ranges", f"({name} lt {literal} or {name} ge {literal})", True
    if isinstance(row[name], str):
        yield "search", f"contains({name},{literal})", True
        yield "search", f"startswith({name},concat({literal},'x'))", False


@of_set("Capabilities.SortRestrictions")
def sortable(it: Claimed, claim: Json) -> None:
    for name in it.properties:
        works = claim.get("Sortable", True) and name not in claim.get("NonSortableProperties", [])
        up, down = (name not in claim.get(f"{d}OnlyProperties", []) for d in ("Descending", "Ascending"))
        for direction, possible in (("", up), (" desc", down)):
            target = f"{it.name}?$orderby={name}{direction}&$select={it.key},{name}&$top=40"
            it.published.holds(works and possible, target)
            if works and possible:
                check_order(it, name, it.published.works(target), bool(direction))


def check_order(it: Claimed, name: str, answer: Answer, descending: bool) -> None:
    value = {row[it.key]: row[name] for row in it.rows}
    some, null = sorted({v for v in value.values() if v is not None}), any(v is None for v in value.values())
    first = None if null and not descending else (some[-1] if descending else some[0]) if some else None
    found = [value[row[it.key]] for row in answer.rows]
    assert found[0] == first, name
    present = [v for v in found if v is not None]
    assert present == sorted(present, reverse=descending), name


@of_set("Capabilities.SearchRestrictions")
def searchable(it: Claimed, claim: Json) -> None:
    words = re.findall(r"[A-Za-z0-9]{3,}", str(it.rows[0][it.key]))
    it.published.holds(claim.get("Searchable", True), f"{it.name}?$search={words[0]}&$top=1")
    if not claim.get("Searchable", True):
        return
    unsupported = claim.get("UnsupportedExpressions", "none").split(",")
    for expression, text, finds in (
        ("AND", f"{words[0]} AND {words[0]}", True), ("OR", f"{words[0]} OR zzzzzzzz", True),
        ("NOT", f"NOT {words[0]}", False), ("NOT", "NOT zzzzzzzz", True), ("phrase", f'"{words[0]}"', True),
        ("group", f"({words[0]} OR zzzzzzzz) AND {words[0]}", "OR" not in unsupported),
    ):  # fmt: skip
        works = expression not in unsupported
        it.published.holds(works, f"{it.name}?$search={text}&$top=1")
        if works:
            found = it.published.works(f"{it.name}/$count?$search={text}&$filter={it.key} eq '{it.rows[0][it.key]}'")
            assert found.text == str(int(finds)), text


@of_set("Capabilities.ExpandRestrictions")
def expandable(it: Claimed, claim: Json) -> None:
    expandable, refused = claim.get("Expandable", True), claim.get("NonExpandableProperties", [])
    for name in it.navigation:
        it.published.holds(
            expandable and name not in refused, f"{it.name}?$top=1&$expand={name}($select={it.target(name).key})"
        )
    if not it.navigation:
        it.published.refused(f"{it.name}?$top=1&$expand={next(iter(it.properties))}")
        return
    levels = claim.get("MaxLevels", -1)
    deep = levels if levels > 0 else 6
    it.published.holds(expandable, f"{it.entity(it.rows[0])}?$expand={nested(it, deep)}")
    if levels > 0:
        it.published.refused(f"{it.entity(it.rows[0])}?$expand={nested(it, levels + 1)}")


def nested(it: Claimed, levels: int) -> str:
    """An expansion of that many levels, of single entities if there are some."""
    name = min(it.navigation, key=lambda n: it.navigation[n].get("$Collection", False))
    target = it.target(name)
    options = [f"$select={target.key}"]
    options += [f"$expand={nested(target, levels - 1)}"] if levels > 1 else []
    return f"{name}({';'.join(options)})"


@of_set("Capabilities.NavigationRestrictions")
def navigable(it: Claimed, claim: Json) -> None:
    navigability = claim.get("Navigability", "Recursive")
    for name, link in it.navigation.items():
        first = it.published.world.get(f"{it.entity(it.rows[0])}/{name}")
        assert (first.status in (200, 204)) == (navigability != "None"), name
        further = next(iter(it.target(name).navigation))
        if first.status == 200 and (not link.get("$Collection") or first.rows):
            key = f"('{first.rows[0][it.target(name).key]}')" if link.get("$Collection") else ""
            second = it.published.world.get(f"{it.entity(it.rows[0])}/{name}{key}/{further}")
            assert (second.status in (200, 204)) == (navigability == "Recursive"), name


@of_set("Capabilities.ReadRestrictions")
def readable(it: Claimed, claim: Json) -> None:
    it.published.holds(claim.get("Readable", True), f"{it.name}?$top=1")
    by_key = claim.get("ReadByKeyRestrictions", {}).get("Readable", claim.get("Readable", True))
    it.published.holds(by_key, it.entity(it.rows[0]))


@of_set("Capabilities.InsertRestrictions")
def insertable(it: Claimed, claim: Json) -> None:
    writes(it, claim.get("Insertable", True), "POST", it.name)


@of_set("Capabilities.UpdateRestrictions")
def updatable(it: Claimed, claim: Json) -> None:
    for method in ("PATCH", "PUT"):
        writes(it, claim.get("Updatable", True), method, it.entity(it.rows[0]))


@of_set("Capabilities.DeleteRestrictions")
def deletable(it: Claimed, claim: Json) -> None:
    writes(it, claim.get("Deletable", True), "DELETE", it.entity(it.rows[0]))


def writes(it: Claimed, claim: bool, method: str, target: str) -> None:
    """A write that is not claimed is refused with 405; one that is claimed is at least not refused for its method."""
    answer = it.published.world.send(method, target, b"{}", content_type="application/json")
    assert (answer.status == 405) == (not claim), (method, target, answer.status)
    if not claim:
        well_formed_error(answer)
        assert method not in answer.headers["Allow"].split(", ")
        assert "GET" in answer.headers["Allow"].split(", ")


@of_set("Capabilities.ChangeTracking")
def change_tracking(it: Claimed, claim: Json) -> None:
    answer = it.published.works(f"{it.name}?$top=1", prefer="odata.track-changes")
    applied = "track-changes" in answer.headers.get("Preference-Applied", "")
    assert (applied, "@odata.deltaLink" in answer.json) == (claim.get("Supported", True),) * 2


@of_set("Core.Ordered")
def ordered(it: Claimed, claim: bool) -> None:
    slices = [it.published.world.keys(f"{it.name}?$select={it.key}&$skip={n}&$top=7") for n in (0, 7, 14)]
    found = [key for part in slices for key in part]
    assert not claim or found == it.published.world.keys(f"{it.name}?$select={it.key}&$top=21")


@of_set("Aggregation.ApplySupported")
def aggregation(it: Claimed, claim: Json) -> None:
    supported = set(claim.get("Transformations", TRANSFORMATIONS))
    for name, text in TRANSFORMATIONS.items():
        target = f"{it.name}?$apply={text.format(key=it.key)}"
        if name in supported:
            it.published.works(target)
        else:
            it.published.refused(target)
    rollup = claim.get("Rollup", "None")
    one, two, three = [n for n in claim.get("GroupableProperties", it.properties) if n != it.key][:3]
    for kind, hierarchies in (
        ("SingleHierarchy", f"rollup({one},{two})"),
        ("MultipleHierarchies", f"rollup({one},{two}),rollup($all,{three})"),
    ):
        works = rollup in (kind, "MultipleHierarchies")
        it.published.holds(works, f"{it.name}?$apply=groupby(({hierarchies}),aggregate($count as Number))")
    for name in it.properties:
        groupable = name in claim.get("GroupableProperties", it.properties)
        it.published.holds(groupable, f"{it.name}?$apply=groupby(({name}))&$top=1")
    it.published.holds(claim.get("From", False), f"{it.name}?$apply=aggregate($count as N from {one} with max as M)")


#: A use of each transformation; ``{key}`` is the key property.
TRANSFORMATIONS = {
    "aggregate": "aggregate($count as Number)",
    "groupby": "groupby(({key}))/top(1)",
    "concat": "concat(top(1),aggregate($count as Number))",
    "identity": "identity",
    "filter": "filter({key} eq 'x')",
    "search": "search(x)",
    "expand": "expand({key},identity)",
    "top": "top(1)",
    "skip": "skip(1)/top(1)",
    "orderby": "orderby({key} desc)/top(1)",
    "compute": "compute(length({key}) as Extent)/top(1)",
    "topcount": "topcount(1,length({key}))",
    "bottomcount": "bottomcount(1,length({key}))",
    "topsum": "topsum(1,length({key}))",
    "bottomsum": "bottomsum(1,length({key}))",
    "toppercent": "toppercent(1,length({key}))",
    "bottompercent": "bottompercent(1,length({key}))",
    "rolluprecursive": "groupby((rolluprecursive($root/X,Q,{key})))",
    "ancestors": "ancestors($root/X,Q,{key},filter(true))",
    "descendants": "descendants($root/X,Q,{key},filter(true))",
    "traverse": "traverse($root/X,Q,{key},preorder)",
    "join": "join(X as Y)",
    "outerjoin": "outerjoin(X as Y)",
    "nest": "nest(identity as Rows)",
    "addnested": "addnested({key},identity as Rows)",
}


# The tests


@pytest.fixture(scope="module")
def published(world: World) -> Published:
    return read(world)


@pytest.mark.parametrize("term", OF_SETS)
def test_every_set(term: str, published: Published) -> None:
    for entity_set in published.sets.values():
        said = claims(entity_set.said)
        if term in said:
            OF_SETS[term](entity_set, said[term])


def test_no_claim_of_a_set_goes_unchecked(published: Published) -> None:
    for entity_set in published.sets.values():
        said = set(claims(entity_set.said))
        assert said <= {*OF_SETS, *DESCRIBING}
        # What a client has to guess is what goes wrong: silence means yes for most of these terms.
        assert {term for term in OF_SETS if term.startswith("Capabilities.")} <= said, entity_set.name


@pytest.mark.parametrize(
    ("term", "claim"),
    [
        ("Capabilities.SortRestrictions", {"Sortable": True}),
        ("Capabilities.SortRestrictions", {"NonSortableProperties": ["Remarks", "City"]}),
        ("Capabilities.FilterRestrictions", {"NonFilterableProperties": ["City"]}),
        ("Capabilities.FilterRestrictions", {"RequiresFilter": True}),
        ("Capabilities.SearchRestrictions", {"Searchable": False}),
        ("Capabilities.SearchRestrictions", {"UnsupportedExpressions": "NOT,group"}),
        ("Capabilities.CountRestrictions", {"Countable": False}),
        ("Capabilities.CountRestrictions", {"NonCountableNavigationProperties": ["Invoices"]}),
        ("Capabilities.ExpandRestrictions", {"MaxLevels": 1}),
        ("Capabilities.ExpandRestrictions", {"NonExpandableProperties": ["Invoices"]}),
        ("Capabilities.NavigationRestrictions", {"Navigability": "Single"}),
        ("Capabilities.TopSupported", False),
        ("Capabilities.InsertRestrictions", {}),
        ("Capabilities.ChangeTracking", {"Supported": True}),
    ],
)
def test_a_false_claim_is_found(term: str, claim: Any, published: Published) -> None:
    with pytest.raises(AssertionError):
        OF_SETS[term](published.sets["Customers"], claim)
