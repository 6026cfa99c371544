"""What people and programs do in Salesforce with external objects, each as the queries that it costs.

A page is a function of an org; what it shows are the results of its queries. Which fields a list view shows and which
lists a detail page has is the administrator's choice; here it is the first fields, and a list for every lookup.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from salesforce import changes
from salesforce.client import Client, Exchange
from salesforce.errors import SalesforceError
from salesforce.soql.run import Org, Result
from salesforce.sync import ExternalObject

#: Rows of a list view, and columns that ours show.
LIST_ROWS, LIST_FIELDS = 25, 8
#: Rows and columns of a related list on a detail page.
RELATED_ROWS, RELATED_FIELDS = 6, 4
#: Records that one execution of a batch job gets.
BATCH_SCOPE = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One query of a page, and what came back."""

    title: str
    result: Result


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that was opened."""

    page: str
    steps: tuple[Step, ...]
    #: Why the page could not do what it is for, in the words that an administrator would need.
    refused: str = ""

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The callouts, in their order."""
        return tuple(exchange for step in self.steps for exchange in step.result.exchanges)

    @property
    def seconds(self) -> float:
        """Time spent in callouts, one after the other."""
        return sum(exchange.seconds for exchange in self.exchanges)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(note for step in self.steps for note in step.result.notes))


def list_view(org: Org, source: ExternalObject, *, page: int = 1, where: str = "") -> Visit:
    """The list view of a tab: 25 rows and one more, to see whether there is a next page."""
    offset = f"OFFSET {(page - 1) * LIST_ROWS}" if page > 1 else ""
    statement = _soql(_columns(source, LIST_FIELDS), source, where, f"LIMIT {LIST_ROWS + 1}", offset)
    return Visit("list view", (Step(f"{source.plural_label}, page {page}", org.query(statement)),))


def detail(org: Org, source: ExternalObject, external_id: str) -> Visit:
    """A record's page: all of its fields, the names of its parents, a related list for each lookup to it."""
    return Visit("detail", tuple(_detail(org, source, external_id)))


def _detail(org: Org, source: ExternalObject, external_id: str) -> Iterator[Step]:
    this = f"ExternalId = {_quoted(external_id)}"
    record = org.query(_soql([field.name for field in source.fields], source, this, "LIMIT 2"))
    yield Step(source.label, record)
    if not record.records:
        message = "Data Not Available: the data you were trying to access could not be found"
        raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", message)
    for lookup in source.lookups:
        parent, key = org.synced.object(lookup.to), record.records[0][lookup.field]
        if parent is not None and key is not None:
            statement = _soql(_columns(parent, 1), parent, f"ExternalId = {_quoted(str(key))}", "LIMIT 2")
            yield Step(lookup.relationship, org.query(statement))
    for child in org.synced.objects:
        for lookup in child.lookups:
            if lookup.to == source.name:
                yield _related_list(org, child, lookup.field, lookup.children, external_id)


def _related_list(org: Org, child: ExternalObject, field: str, title: str, external_id: str) -> Step:
    columns = dict.fromkeys((*_columns(child, RELATED_FIELDS), field))
    own = child.field(field)
    sought = external_id if own is not None and own.type.name == "Number" else _quoted(external_id)
    statement = _soql(columns, child, f"{field} = {sought}", f"LIMIT {RELATED_ROWS}")
    return Step(title, org.query(statement))


def global_search(org: Org, phrase: str) -> Visit:
    """The search box: the phrase in every object, 25 rows of each."""
    escaped = phrase.replace("\\", "\\\\").replace("}", "\\}")
    returning = ", ".join(f"{x.name}({', '.join(_columns(x, RELATED_FIELDS))})" for x in org.synced.objects)
    found = org.search(f"FIND {{{escaped}}} IN ALL FIELDS RETURNING {returning}")
    return Visit("global search", tuple(Step(name, result) for name, result in found.items()))


def report(org: Org, source: ExternalObject, *, where: str = "") -> Visit:
    """A report: every row, page after page. Nothing is summed up outside of Salesforce."""
    statement = _soql(_columns(source, LIST_FIELDS), source, where)
    return Visit("report", (Step(source.plural_label, org.query(statement)),))


def batch_job(org: Org, source: ExternalObject, *, where: str = "") -> Visit:
    """Batch Apex over a QueryLocator: every row in the order of the key, as many at a time as one execution gets."""
    client = org.client
    smaller = Client(client.root, client.session, replace(client.profile, batch=BATCH_SCOPE), client.timeout)
    statement = _soql(["ExternalId"], source, where, "ORDER BY ExternalId")
    result = Org(org.synced, smaller, org.calendar, org.ids).query(statement)
    client.exchanges.extend(result.exchanges)
    return Visit("batch job", (Step(source.plural_label, result),))


def change_poll(org: Org, source: ExternalObject, *, polls: int = 1, pause: Callable[[], None] = lambda: None) -> Visit:
    """External Change Data Capture: tracking is switched on, then changes are polled; before each there is a ``pause``.

    A service that tracks no changes answers without a delta link: then there is nothing to poll.
    """
    begun, link = changes.start(org, source)
    steps = [Step(f"{source.plural_label}, tracking switched on", begun)]
    if link is None:
        why = "the answer has no delta link, so the service does not track changes: Salesforce would not start polling"
        return Visit("change poll", tuple(steps), f"{source.source}: {why}")
    for number in range(1, polls + 1):
        pause()
        found, link = changes.poll(org, source, link)
        steps.append(Step(f"{source.plural_label}, poll {number}", found))
    return Visit("change poll", tuple(steps))


def count(org: Org, source: ExternalObject, *, where: str = "") -> Visit:
    """``SELECT COUNT()``, as flows and tests do."""
    return Visit("count", (Step(source.plural_label, org.query(_soql(["COUNT()"], source, where))),))


#: Pages of one object and nothing else: what a script can open by name.
OF_OBJECT: Mapping[str, Callable[..., Visit]] = {
    "list-view": list_view,
    "report": report,
    "batch-job": batch_job,
    "count": count,
}


def first_external_id(org: Org, source: ExternalObject) -> str | None:
    """The External ID of some record, for a page that needs one."""
    found = org.query(_soql(["ExternalId"], source, "", "LIMIT 1")).records
    return found[0]["ExternalId"] if found else None


def _soql(columns: Iterable[str], source: ExternalObject, where: str, *clauses: str) -> str:
    condition = f"WHERE {where}" if where else ""
    return " ".join(["SELECT", ", ".join(columns), "FROM", source.name, *filter(None, (condition, *clauses))])


def _columns(source: ExternalObject, number: int) -> list[str]:
    """The name field first, then the fields in their order; long texts do not fit into lists."""
    short = [field for field in source.fields if field.type.name != "LongTextArea"]
    ordered = sorted(short, key=lambda field: not (field.is_name or field.is_key))
    return [field.name for field in ordered[:number]]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
