"""What is wrong with the rows of a set, seen through its adapter as every request sees them: so whatever kind of source
it is, and whatever its mapping makes of what is stored.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from edm.expressions import Const, Prop, call
from edm.model import EntitySet, NavigationProperty, Property
from edm.primitives import INT64, CollectionType
from edm.query import Aggregate, Grouping, OrderItem, Query
from erp_adapters.base import Finding, Level, Validates
from odata_server.auth import ANONYMOUS
from odata_server.doctor.patient import Patient, plain
from odata_server.execute import Engine
from odata_server.messages import Headers, ODataRequest

#: Rows among which keys must not repeat.
_GROUPED = 20_000
#: Keys of related rows that are looked up at once.
_LOOKED_UP = 500


def columns(patient: Patient) -> Iterator[Finding]:
    """What the catalog names and the source does not have; such sets are not looked at any further."""
    if not isinstance(patient.adapter, Validates):
        return
    own = {entity_set.name for entity_set in patient.all_sets}
    metadata = patient.whole.metadata
    for name, key, message in (*patient.adapter.faults(metadata), *patient.adapter.lacks(metadata)):
        if name in own:
            patient.broken.add(name)
            fix = f"Correct {key} in {name}.toml, or grant the right to see it."
            yield Finding(Level.FAILURE, f"{name}.toml: {key}", message, fix)


def values(patient: Patient, entity_set: EntitySet) -> Iterator[Finding]:
    """Stored values that the mapping cannot read: whoever asks for their page gets an error. A set of which not even
    keys can be read is not looked at any further.
    """
    if entity_set.type.key in patient.sampled(entity_set).unfit:
        patient.broken.add(entity_set.name)
    for name, what in patient.sampled(entity_set).unfit.items():
        fix = f"Correct the value, or map {name} in {entity_set.name}.toml as what it is (docs/catalog.md)."
        yield Finding(Level.FAILURE, f"{entity_set.name}/{name}", plain(what).removeprefix(f"{name}: "), fix)


def key(patient: Patient, entity_set: EntitySet) -> Iterator[Finding]:
    """Whether keys repeat: by the rows alone, or by what joins make of them."""
    names = tuple(n for n in entity_set.type.names if n not in patient.sampled(entity_set).unfit)
    bare = _repeated(patient, entity_set, (entity_set.type.key,))
    joined = () if bare else _repeated(patient, entity_set, names)
    for value, number in bare:
        fix = "Choose columns that tell rows apart: of several rows with one key only the first is ever found."
        yield Finding(Level.FAILURE, entity_set.name, f"the key {value!r} stands for {number} rows", fix)
    for value, number in joined:
        what = f"a join finds several rows for one: the key {value!r} stands for {number}"
        fix = "Join on columns that are unique in the joined table."
        yield Finding(Level.FAILURE, entity_set.name, what, fix)


def _repeated(patient: Patient, entity_set: EntitySet, names: tuple[str, ...]) -> Sequence[tuple[Any, int]]:
    """The first keys that occur several times among a bounded number of rows."""
    key = entity_set.type.key
    rows = Query(entity_set.name, names, top=_GROUPED)
    grouped = Grouping(rows, (key,), (Aggregate("$number", "count", None, INT64),))
    several = call("gt", Prop(("$number",), INT64, nullable=False), Const(1, INT64))
    order = (OrderItem(_prop(entity_set, key)),)
    query = Query(entity_set.name, (key, "$number"), filter=several, orderby=order, source=grouped, top=3)
    if patient.adapter.capabilities(entity_set).derive(query):
        return [(row[0], row[1]) for row in patient.rows(query)]
    counted = Counter(row[0] for row in patient.rows(rows.with_(columns=names, top=patient.sample)))
    return [(value, number) for value, number in counted.most_common(3) if number > 1]


def references(patient: Patient, entity_set: EntitySet) -> Iterator[Finding]:
    """Foreign keys that lead to no row: $expand and lookups in Salesforce are empty there."""
    sample, metadata = patient.sampled(entity_set), patient.whole.metadata
    for link in entity_set.type.navigation:
        if link.dependent and len(link.on) == 1:
            own, target = link.on[0][0], metadata.target(link)
            wanted = list(dict.fromkeys(sample.values(own)))[:_LOOKED_UP]
            present = _present(patient, link, target, wanted) if wanted else set()
            missing = [value for value in wanted if value not in present]
            if missing:
                what = f"{len(missing)} of {len(wanted)} values lead to none of {target.name}, such as {missing[0]!r}"
                fix = f"Publish these rows in {target.name}, or map values that mean none as null."
                yield Finding(Level.WARNING, f"{entity_set.name}/{own}", what, fix)


def _present(patient: Patient, link: NavigationProperty, target: EntitySet, wanted: Sequence[Any]) -> set[Any]:
    """Those of the values that are there, in whichever source."""
    whole, prop = patient.whole, _prop(target, link.on[0][1])
    condition = call("in", prop, Const(tuple(wanted), CollectionType(prop.type)))
    engine = Engine(whole.metadata, whole.metadata, whole.service.adapter, whole.settings.scan_budget)
    return {row[0] for row in engine.run(Query(target.name, (prop.name,), filter=condition), patient.session()).rows}


def _prop(entity_set: EntitySet, name: str) -> Prop:
    found = entity_set.type.property(name)
    assert found is not None
    return Prop((name,), found.type, nullable=found.nullable)


# --- how much it is ---------------------------------------------------------------------------------------------------


def page_size(patient: Patient, entity_set: EntitySet) -> Iterator[Finding]:
    """Bytes of a full page with all properties, against what is sent at once."""
    settings = patient.whole.settings
    request = ODataRequest(
        "GET", entity_set.name, f"$top={patient.sample}", Headers(), root=settings.root, correlation_id="doctor"
    )
    answer = patient.whole.service.handle(request, ANONYMOUS)
    rows = len(patient.sampled(entity_set).rows)
    if answer.status != 200 or not rows:
        return
    each = len(answer.body) / min(rows, patient.sample)
    fit = math.floor(settings.max_response / each)
    if fit < settings.max_page_size:
        what = f"a row has {each:,.0f} bytes, so that a page ends after {fit:,} rows (max_response)"
        fix = "Nothing has to be done: a next link follows. Fewer long texts make pages longer."
        yield Finding(Level.NOTE, entity_set.name, what, fix)


def budget(patient: Patient, entity_set: EntitySet) -> Iterator[Finding]:
    """What cannot be asked of a set that has more rows than may be read for one answer."""
    most, capabilities = patient.whole.settings.scan_budget, patient.adapter.capabilities(entity_set)
    beyond = Query(entity_set.name, (entity_set.type.key,), skip=most, top=1)
    if not (capabilities.skip and capabilities.top and patient.rows(beyond)):  # a count would read on and on
        return
    size, sample = f"more than {most:,} rows, which is scan_budget", patient.sampled(entity_set)

    def filters(prop: Property) -> bool:
        value = next(iter(sample.values(prop.name)), None)
        condition = call("eq", _prop(entity_set, prop.name), Const(value, prop.type))
        return value is None or bool(capabilities.match(condition))

    unfiltered = [prop.name for prop in entity_set.type.properties if not filters(prop)]
    if unfiltered:
        what = f"a filter on {', '.join(unfiltered)} alone would read every row, and is refused ({size})"
        fix = "Ask for it together with what the ERP filters, or store it in a column of its own."
        yield Finding(Level.NOTE, entity_set.name, what, fix)
    kind = entity_set.type
    unsorted = [p.name for p in kind.properties if p.sortable and not capabilities.sort(_prop(entity_set, p.name))]
    if unsorted:
        what = f"an order by {', '.join(unsorted)} would read every row, and is refused ({size})"
        yield Finding(Level.NOTE, entity_set.name, what, "Sort by something else, or narrow the list first.")
