"""The bench on which one set is tried: reads within bounds, and answers compared with the evaluator's."""

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePath
from time import monotonic
from traceback import extract_tb
from typing import Any, Protocol, cast

from edm.capabilities import Capabilities
from edm.errors import ODataError
from edm.expressions import Expr, conjunction, conjuncts
from edm.model import EntitySet, ServiceMetadata
from edm.query import Query
from edm.text import query_text
from erp_adapters.base import Adapter, Page, Row, Session
from erp_adapters.kit import diagnosis
from erp_adapters.kit.known import Known, as_mappings, indexed
from erp_adapters.kit.probes import Maker, Probe, prop_of
from erp_adapters.kit.report import Claims, Failure, Options, shown, shown_rows
from erp_adapters.kit.watch import Watched, accepted

#: Rows of one answer that are read where a sample is looked at, for each row of the sample.
_ROOM = 10
#: How often rows are read again because an answer is not as expected: they may have changed meanwhile.
_SECOND_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Read:
    """What a read brought: rows, their number, or the error that it ended with. ``cut`` if there were more rows than
    are looked at."""

    rows: Sequence[Row] = ()
    count: int | None = None
    error: BaseException | None = None
    cut: bool = False


def gathered(adapter: Adapter, query: Query, session: Session, most: int | None) -> Read:
    """What an adapter answers, at most so many rows of it."""
    rows: list[Row] = []
    count: int | None = None
    try:
        pages = adapter.read(query, session)
        for page in pages:
            count = page.count if count is None else count
            rows.extend(page.rows)
            if most is not None and len(rows) > most:
                closed(pages)
                return Read(rows[:most], count, cut=True)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the kit looks for
        return Read(error=error)
    return Read(rows, count)


class _Closable(Protocol):
    def close(self) -> None: ...


@dataclass(slots=True)
class Bench:
    """One set under test, for one check."""

    adapter: Watched
    metadata: ServiceMetadata
    known: Known
    options: Options
    entity_set: EntitySet
    check: str
    given: bool = False
    end: float = math.inf
    claims: Claims = field(default_factory=Claims)
    tried: int = 0
    failures: list[Failure] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    _looks: int = _SECOND_LOOKS
    _capabilities: Capabilities | None = None

    # --- what there is --------------------------------------------------------------------------------------------

    @property
    def capabilities(self) -> Capabilities:
        if self._capabilities is None:
            self._capabilities = self.adapter.capabilities(self.entity_set)
        return self._capabilities

    @property
    def key(self) -> str:
        return self.entity_set.type.key

    @property
    def rows(self) -> Sequence[Any]:
        return self.known.rows[self.entity_set.name]

    @property
    def whole(self) -> bool:
        return self.entity_set.name in self.known.whole

    @property
    def spent(self) -> bool:
        """Whether the check has asked as often as it may."""
        return monotonic() > self.end or (self.options.cases is not None and self.tried >= self.options.cases)

    def rounds(self, usual: int) -> int:
        """How often something is made by chance: more often where more cases are allowed."""
        return max(usual, self.options.cases or 0)

    @property
    def dice(self) -> random.Random:
        """Chance, the same in every run."""
        return random.Random(f"{self.options.seed} {self.check} {self.entity_set.name}")  # noqa: S311

    @property
    def maker(self) -> Maker:
        return self.known.maker(self.entity_set, self.options.seed)

    @property
    def probes(self) -> Sequence[Probe]:
        """Conditions on the set's own properties."""
        return self.known.probes(self.entity_set, self.options.seed)

    def session(self) -> Session:
        return Session("kit", "kit", monotonic() + self.options.timeout)

    def note(self, text: str) -> None:
        self.notes[text] = None

    # --- reading --------------------------------------------------------------------------------------------------

    def read(self, query: Query, session: Session | None = None) -> Read:
        """The answer, or as much of it as is looked at. Errors of the protocol are answers, others are failures."""
        self.tried += 1
        return gathered(self.adapter, query, session or self.session(), self.most)

    @property
    def most(self) -> int | None:
        """Rows of one answer that are read."""
        return None if self.options.rows is None else max(self.options.rows, 1) * _ROOM

    def within(self, expr: Expr | None) -> tuple[Query, bool]:
        """The query for the keys of the rows known that meet the condition, as far as the source takes it; and whether
        it answers all of it."""
        taken, exact = accepted(conjunction(self.known.base(self.entity_set), expr), self.capabilities)
        return Query(self.entity_set.name, (self.key,), filter=conjunction(*taken)), exact

    def sliced(self, expr: Expr | None = None) -> Query | None:
        """The query that may be sliced and counted; ``None`` where the source does not answer it exactly."""
        query, exact = self.within(expr)
        return query if exact else None

    # --- conditions -----------------------------------------------------------------------------------------------

    def holds(self, expr: Expr, subject: str, operator: str) -> bool | None:
        """Asks for the rows that meet a condition, and compares. ``None`` if the source takes no part of it."""
        taken, _ = accepted(expr, self.capabilities)
        if not taken:
            return None
        wrong = self._wrong(expr)
        if wrong is not None and self._second_look():
            wrong = self._wrong(expr)
        if wrong is None:
            return True
        least, found = self._least(expr, wrong)
        self.failures.append(self._condition_failure(least, found, subject, operator))
        return False

    def _wrong(self, expr: Expr) -> "Wrong | None":
        """What is wrong with the answer, if anything is."""
        query, _ = self.within(expr)
        try:
            wanted = self._meeting(expr)
            certain = [part for part in conjuncts(expr) if accepted(part, self.capabilities)[1]]
            most = self._meeting(conjunction(*certain))
        except ODataError:
            return None  # the evaluator has no answer either
        answer = self.read(query)
        if answer.error is not None:
            return Wrong(query, wanted, error=answer.error)
        found = [row[0] for row in answer.rows]
        if not self.whole:
            own = self.known.keys(self.entity_set)
            found = [key for key in found if key in own]
        present = set(found)
        missing = [] if answer.cut else [key for key in wanted if key not in present]
        surplus = sorted(present - set(most), key=str)
        twice = len(found) != len(present)
        return Wrong(query, wanted, found, missing, surplus, twice) if missing or surplus or twice else None

    def _meeting(self, expr: Expr | None) -> list[Any]:
        query = Query(self.entity_set.name, (self.key,), filter=expr)
        return [row[0] for row in self.known.answer(query)[0]]

    def _least(self, expr: Expr, wrong: "Wrong") -> tuple[Expr, "Wrong"]:
        """The smallest part of a condition whose answer is wrong by itself."""
        for part in diagnosis.parts(expr):
            if accepted(part, self.capabilities)[0]:
                found = self._wrong(part)
                if found is not None:
                    return self._least(part, found)
        return expr, wrong

    def _second_look(self) -> bool:
        """Reads the rows again, as they may have changed since; not where they are given, nor for ever."""
        if self.given or self._looks <= 0:
            return False
        self._looks -= 1
        return self.learn()

    def learn(self) -> bool:
        """Reads the rows of the set, or a sample of them; ``False`` if they cannot be read."""
        names, most = self.entity_set.type.names, self.options.rows
        limited = most is not None and self.capabilities.top
        query = Query(self.entity_set.name, names, top=most + 1 if most is not None and limited else None)
        answer = self.read(query)
        fitting = [row for row in answer.rows if len(row) == len(names)]
        if answer.error is not None or len(fitting) != len(answer.rows):
            return False
        whole = not answer.cut and (most is None or len(fitting) <= most)
        self.known.learn(self.entity_set, as_mappings(names, fitting[:most]), whole=whole)
        return True

    def _condition_failure(self, expr: Expr, wrong: "Wrong", subject: str, operator: str) -> Failure:
        _, exact = accepted(expr, self.capabilities)
        by_key = {row[self.key]: row for row in self.rows}
        missing = [by_key[key] for key in wrong.missing if key in by_key]
        surplus = [by_key[key] for key in wrong.surplus if key in by_key]
        why, fix = diagnosis.explained(expr, missing, surplus, exact=exact, error=wrong.error, twice=wrong.twice)
        got = raised(wrong.error) if wrong.error is not None else shown_rows(wrong.found)
        if wrong.missing:
            got += f"; missing {self._described(expr, missing)}"
        if wrong.surplus:
            got += f"; not asked for {self._described(expr, surplus)}"
        return self.failure(subject, operator, wrong.query, shown_rows(wrong.wanted), got, why, fix)

    def _described(self, expr: Expr, rows: Sequence[Any]) -> str:
        names = [name for name in diagnosis.looked_at(expr) if name != self.key][:3]
        told = []
        for row in rows[:3]:
            values = ", ".join(f"{name}={shown(row[name], 40)}" for name in names)
            told.append(f"{shown(row[self.key], 40)}{f' ({values})' if values else ''}")
        return ", ".join([*told, *(["..."] if len(rows) > 3 else [])])

    # --- failures -------------------------------------------------------------------------------------------------

    def failure(
        self, subject: str, operator: str, query: Query | str, expected: str, got: str, why: str, fix: str
    ) -> Failure:
        text = query if isinstance(query, str) else query_text(query)
        return Failure(self.check, self.entity_set.name, subject, operator, shown_text(text), expected, got, why, fix)

    def fail(
        self, why: str, fix: str, *, query: Query | str = "", expected: str = "", got: str = "", subject: str = "",
        operator: str = "",
    ) -> None:  # fmt: skip
        self.failures.append(self.failure(subject, operator, query, expected, got, why, fix))

    def refused(self, query: Query | str, error: BaseException, subject: str, operator: str = "") -> None:
        """A read that was declared to work has failed."""
        why, fix = diagnosis.explained(None, (), (), exact=True, error=error)
        self.fail(why, fix, query=query, expected="an answer", got=raised(error), subject=subject, operator=operator)

    # --- related rows ---------------------------------------------------------------------------------------------

    def reaches(self, navigation: str) -> bool:
        """Whether all rows that the navigation property leads to are known; those of a sample are looked up."""
        link = self.entity_set.type.navigation_property(navigation)
        assert link is not None
        if link.target not in self.known.rows:
            return False
        if link.target in self.known.whole or (self.entity_set.name, navigation) in self.known.beside:
            return True
        target = self.metadata.target(link)
        (own, other), *more = link.on
        wanted = tuple(dict.fromkeys(row[own] for row in self.rows if row[own] is not None))
        prop = target.type.property(other)
        capabilities = self.adapter.capabilities(target)
        if more or prop is None or not wanted:
            return not wanted
        condition = diagnosis.one_of(prop_of(prop), wanted)
        if not accepted(condition, capabilities)[0]:
            return False
        answer = self.read(Query(target.name, target.type.names, filter=condition))
        if answer.error is not None or answer.cut:
            return False
        rows = as_mappings(target.type.names, answer.rows)
        self.known.beside[self.entity_set.name, navigation] = indexed(rows, (other,))
        return True


@dataclass(frozen=True, slots=True)
class Wrong:
    """An answer to a condition that is not as it should be, by keys."""

    query: Query
    wanted: Sequence[Any]
    found: Sequence[Any] = ()
    missing: Sequence[Any] = ()
    surplus: Sequence[Any] = ()
    twice: bool = False
    error: BaseException | None = None


def raised(error: BaseException | None) -> str:
    """An exception as text; of one that should not be, the line that raised it."""
    detail = getattr(error, "detail", "")
    if error is not None and not isinstance(error, ODataError):
        frames = extract_tb(error.__traceback__)[-1:]
        detail = "".join(f"{PurePath(frame.filename).name}:{frame.lineno}: {frame.line}" for frame in frames)
    return f"{type(error).__name__}: {shown_text(str(error), 160)}" + (
        f" ({shown_text(detail, 160)})" if detail else ""
    )


def shown_text(text: str, most: int = 500) -> str:
    """In one line, not too long, with nothing that a terminal would obey."""
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return plain if len(plain) <= most else f"{plain[: most - 3]}..."


def closed(pages: Iterator[Page]) -> None:
    """Stops reading."""
    with suppress(AttributeError):
        cast("_Closable", pages).close()
