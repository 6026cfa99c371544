"""The table of checks, and their run: of the whole service, of each source, of each of its sets.

A check whose source cannot be reached is not asked; one that fails itself is a finding.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from edm.errors import ODataError
from edm.model import EntitySet
from erp_adapters.base import (
    Adapter,
    Checks,
    Diagnoses,
    Examined,
    Finding,
    Level,
    SourceError,
    TimedOut,
    source_of,
    sources_of,
)
from erp_adapters.stamped import Stamped
from odata_server.doctor import configured, rows
from odata_server.doctor.facets import facets
from odata_server.doctor.patient import Patient, Whole, plain
from odata_server.remedies import sentence

OfWhole = Callable[[Whole], Iterator[Finding]]
OfSource = Callable[[Patient], Iterator[Finding]]
OfSet = Callable[[Patient, EntitySet], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """``title`` says what is so if nothing is found. Beside the functions here, the adapter is asked if it ``knows``
    the check: of the source, or of each set.
    """

    id: str
    title: str
    of_whole: OfWhole | None = None
    of_source: OfSource | None = None
    of_set: OfSet | None = None
    knows: str = ""  # "source" or "set"

    @property
    def docs(self) -> str:
        """Where it is explained."""
        return f"docs/doctor.md#{self.id}"


CHECKS = (
    Check("public-url", "Salesforce can reach the service, over https", of_whole=configured.public_url),
    Check("secrets", "Secrets are strong and kept, and somebody may sign in", of_whole=configured.secrets),
    Check("limits", "Requests of Salesforce fit, and answers fit Salesforce", of_whole=configured.limits),
    Check("salesforce", "Salesforce Connect can live with the metadata", of_whole=configured.lint),
    Check("reachable", "The source answers", knows="source"),
    Check("read-only", "The role can read and nothing else", knows="source"),
    Check("timeouts", "Statements end in time", knows="source"),
    Check("pooler", "Sessions are ours alone", knows="source"),
    Check("connections", "There is room for all connections", knows="source"),
    Check("clock", "The clocks agree", knows="source"),
    Check("encoding", "Texts arrive as they were written", knows="source"),
    Check("columns", "Tables and columns are there", of_source=rows.columns),
    Check("types", "Columns hold what is published of them", knows="set"),
    Check("values", "Stored values can be read", of_set=rows.values),
    Check("facets", "Values are what the model says of them", of_set=facets),
    Check("key", "Keys are unique and never null", of_set=rows.key, knows="set"),
    Check("references", "Foreign keys lead to rows", of_set=rows.references),
    Check("indexes", "Indexes serve keys, pages and related lists", knows="set"),
    Check("page-size", "Full pages fit into an answer", of_set=rows.page_size),
    Check("budget", "What the ERP cannot filter or sort stays within scan_budget", of_set=rows.budget),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check found, of one source or (``source`` is empty) of the service. ``skipped`` says why it did not run.

    ``describes`` is what the source is, where it was reached.
    """

    check: Check
    source: str
    findings: tuple[Finding, ...] = ()
    skipped: str = ""
    describes: str = ""

    @property
    def level(self) -> Level | None:
        """Of the worst finding."""
        return max((finding.level for finding in self.findings), default=None)


def examine(
    whole: Whole,
    *,
    sample: int,
    only_sets: Sequence[str] = (),
    only_sources: Sequence[str] = (),
    progress: Callable[[str], None] = lambda what: None,
) -> Iterator[Outcome]:
    """The outcomes of all checks, as they come. Looking at some sets or sources alone leaves out the service itself."""
    if not (only_sets or only_sources):
        for check in CHECKS:
            if check.of_whole is not None:
                progress(check.title)
                yield Outcome(check, "", tuple(_guarded(check.of_whole(whole))))
    for name, adapter in sources_of(_bare(whole.service.adapter)).items():
        own = [s for s in whole.metadata.sets if source_of(s) == name and (not only_sets or s.name in only_sets)]
        if (not only_sources or name in only_sources) and (own or not only_sets):
            yield from _Examination(Patient(whole, name, adapter, own, sample), progress).outcomes()


def _bare(adapter: Adapter) -> Adapter:
    """The sources, which know nothing of when rows are read."""
    return adapter.adapter if isinstance(adapter, Stamped) else adapter


@dataclass(slots=True)
class _Examination:
    """The checks of one source."""

    patient: Patient
    progress: Callable[[str], None]

    def outcomes(self) -> Iterator[Outcome]:
        away = ""
        for check in CHECKS:
            if check.of_whole is not None:
                continue
            self.progress(f"{self.patient.source}: {check.title}")
            if away:
                yield Outcome(check, self.patient.source, skipped=away)
            elif check.id == "reachable":
                outcome = self._reached(check)
                away = "the source cannot be reached" if outcome.level is Level.FAILURE else ""
                yield outcome
            elif (findings := self._findings(check)) is None:
                yield Outcome(check, self.patient.source, skipped="not asked of this kind of source")
            else:
                yield Outcome(check, self.patient.source, tuple(findings))

    def _reached(self, check: Check) -> Outcome:
        adapter, describes = self.patient.adapter, ""
        try:
            if isinstance(adapter, Checks):
                adapter.ping(self.patient.session())
            if isinstance(adapter, Diagnoses):
                describes = adapter.describe(self.patient.session())
        except SourceError as error:
            return Outcome(check, self.patient.source, (_unreached(error),))
        return Outcome(check, self.patient.source, tuple(self._findings(check) or ()), describes=describes)

    def _findings(self, check: Check) -> Iterable[Finding] | None:
        """What is found by whoever looks; ``None`` if nobody does."""
        patient = self.patient
        known = [] if check.knows == "" else self._asked(check.id, per_set=check.knows == "set")
        if known is None and check.of_source is None and check.of_set is None:
            return None
        found = list(known or ())
        if check.of_source is not None:
            found += _guarded(check.of_source(patient))
        for entity_set in patient.sets if check.of_set is not None else ():
            assert check.of_set is not None
            self.progress(f"{patient.source}: {check.title}: {entity_set.name}")
            found += _guarded(check.of_set(patient, entity_set), entity_set.name)
        return found

    def _asked(self, check: str, *, per_set: bool) -> list[Finding] | None:
        """What the adapter finds; ``None`` if it knows no such check. A set that fails keeps no other one from it."""
        adapter, examined = self.patient.adapter, self.patient.examined()
        if not isinstance(adapter, Diagnoses):
            return None
        parts = [(s.name, replace(examined, sets=(s,))) for s in examined.sets] if per_set else [("", examined)]
        found: list[Finding] = []
        for name, part in parts:
            answer = adapter.diagnose(check, replace(part, session=self.patient.session()))
            if answer is None:
                return None
            found += _guarded(answer, name)
        return found


def _unreached(error: SourceError) -> Finding:
    fix = sentence(error.code) or "Check url, network, password and TLS: erp-odata config show"
    if "startup parameter" in error.detail:
        fix = (
            "A pooler refuses our options. Connect to the database itself, or set ignore_startup_parameters = options."
        )
    return Finding(Level.FAILURE, "", _reason(error), fix)


def _guarded(findings: Iterator[Finding], where: str = "") -> Iterator[Finding]:
    """The findings, and that there would be more if the check had not failed."""
    try:
        yield from findings
    except TimedOut:
        fix = f"Ask for fewer rows (--sample), or look at {where or 'the source'} when less is going on."
        yield Finding(Level.WARNING, where, "could not be checked in time", fix)
    except ODataError as error:
        yield Finding(Level.FAILURE, where, f"could not be checked: {_reason(error)}", "erp-odata validate")


def _reason(error: ODataError) -> str:
    """In the source's own words, where there are any: whoever runs this may read them."""
    return plain(error.detail if isinstance(error, SourceError) else "") or error.message


def counted(outcomes: Iterable[Outcome]) -> Mapping[Level, int]:
    """The number of findings of each level."""
    levels = [finding.level for outcome in outcomes for finding in outcome.findings]
    return {level: levels.count(level) for level in Level}


__all__ = ["CHECKS", "Check", "Examined", "Outcome", "counted", "examine"]
