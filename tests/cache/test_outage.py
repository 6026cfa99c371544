"""The ERP is away under load, a short version of ``make outage``: all that must hold there holds here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.outage import BEGIN, END, PHASES, QUESTIONS, README, Scenario, Stage, judged, run, staged, table

pytestmark = pytest.mark.slow

#: With a request every quarter of a second that is new: fewer would be too few to judge in so short a time.
SHORT = Scenario(fresh=4, outage=12, before=5, after=8, cold=4)
#: What is allowed here of figures that depend on what else the machine does; `make outage` judges by those of its own.
SHARED = {
    "p99 of warm requests while it is away, ms": 2_000,
    "p99 of those, ms": 1_000,
    "seconds from its return to the last old answer": 10,
}


@pytest.fixture(scope="module")
def stage(demo_postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(demo_postgres_url, Path(tmp_path_factory.mktemp("outage")), SHORT) as made:
        yield made


@pytest.mark.postgres
def test_people_hardly_notice(stage: Stage) -> None:  # F001, F002, F004, F048
    found = run(stage, SHORT)
    stale = {name: sum("stale" in one.origin for one in outcomes) for name, outcomes in found.phases()}
    assert all(stale[name] for name in PHASES), "it was away, and that was said"
    missed = [one for one in judged(found) if one.figure > SHARED.get(one.what, one.most)]
    assert not missed, table(found)


def test_the_figures_that_were_measured_are_those_of_a_whole_minute() -> None:
    text = README.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    assert f"over {len(QUESTIONS)} questions, away for 60 s" in text
    assert "missed" not in text
    assert all(f"| {name} | 1,000 | 0 |" in text for name in PHASES)
