"""The benchmarks run, and both sides answer the same. What they measure is not judged here."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.cases import cases, rows
from benchmarks.dataset import FULL, SMALL
from benchmarks.kept import L1, MISS, OFF, REDIS, VIEWS, Kept, list_views
from benchmarks.measure import OURS, QUICK, RAW, THEIRS, TRIVIAL, Outcome, Side
from benchmarks.processes import Process
from benchmarks.report import BEGIN, END, Report, markdown, plot, update
from benchmarks.run import LETTERS
from benchmarks.timing import Effort, time_alone
from benchmarks.walk import Walk, Walks
from tests import servers

ROOT = Path(__file__).parents[1]


@pytest.mark.postgres
@pytest.mark.slow
def test_a_quick_run_measures_every_case_and_finds_the_same_rows_on_both_sides(
    postgres_server: servers.PostgresServer, tmp_path: Path
) -> None:
    found = tmp_path / "figures.json"
    server = postgres_server.maintenance.render_as_string(hide_password=False)
    command = ["-m", "benchmarks", "--quick", "--json", str(found), "--server-url", server]
    run = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr[-3_000:]
    figures = json.loads(found.read_text())
    assert [case["letter"] for case in figures["outcomes"]] == list(LETTERS)
    for case in figures["outcomes"]:
        for side in case["sides"].values():
            assert len(side["per_cpu_second"]) == 2
            assert all(figure > 0 for figure in side["per_cpu_second"])
    assert set(figures["kept"]["sides"]) == {L1, REDIS, MISS, OFF, TRIVIAL}
    assert [round(min(figures["kept"]["commands"][name])) for name in (L1, REDIS, MISS, OFF)] == [0, 1, 6, 0]
    assert figures["walks"]["ours"]["rows"] == figures["walks"]["theirs"]["rows"] == SMALL.invoices
    assert figures["readings"]


def test_no_question_is_asked_twice_with_the_same_constants() -> None:
    for case in cases(FULL, 300, (), 0):
        assert len(case.ours) == len(case.theirs)
        if case.letter not in "fk":
            assert len(set(case.ours)) > 0.75 * len(case.ours), case.letter


def test_rows_are_compared_by_name_and_value_with_their_number_and_whether_more_follow() -> None:
    ours = (
        b'{"@odata.context":"x","@odata.count":3,"value":[{"@odata.etag":"e","A":1.50,"B":"1"}],"@odata.nextLink":"y"}'
    )
    assert rows(ours) == rows(b'{"count":3,"value":[{"B":"1","A":1.5}],"next":"/z"}')
    assert rows(ours) != rows(b'{"count":3,"value":[{"B":"1","A":1.5}]}')
    assert rows(ours) != rows(b'{"count":2,"value":[{"B":"1","A":1.5}],"next":"/z"}')
    assert rows(ours) != rows(b'{"count":3,"value":[{"B":1,"A":1.5}],"next":"/z"}')
    assert rows(b'{"A":0.1}')[2] == {"A": Decimal("0.1")}


def test_the_cost_of_a_process_is_the_processor_time_of_it_and_its_children() -> None:
    busy = "import sys, time\nwhile time.process_time() < {}: pass\nprint(flush=True)\nsys.stdin.read()"
    child = [sys.executable, "-c", busy.format(0.2)]
    parent = f"import subprocess\nsubprocess.run({child!r})"
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        measured = Process(process.pid)
        assert len(measured.family()) == 2
        assert measured.cpu_seconds() >= 0.2
        assert measured.resident()[0] > 1_000_000
        process.communicate()


def test_what_children_used_that_are_gone_counts() -> None:
    child = [sys.executable, "-c", "import time\nwhile time.process_time() < 0.2: pass"]
    parent = f"import subprocess, sys\nsubprocess.run({child!r})\nprint(flush=True)\nsys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        measured = Process(process.pid)
        assert len(measured.family()) == 1
        assert measured.cpu_seconds() >= 0.2
        process.communicate()


def outcome(ours: float, target: float | None) -> Outcome:
    def side(figure: float) -> Side:
        per_second: dict[int, list[float]] = {1: [figure], 16: [figure]}
        return Side([figure], [0.8], per_second, per_second, per_second)

    sides = {OURS: side(ours), THEIRS: side(100.0), TRIVIAL: side(900.0), RAW: side(1000.0)}
    return Outcome("a", "a <list>", target, 4_800, sides)


@pytest.mark.parametrize(("ours", "verdict"), [(150.0, "1.5, met"), (149.0, "1.5, missed")])
def test_a_ratio_is_ours_to_theirs_and_judged_by_the_target(ours: float, verdict: str) -> None:
    text = markdown(Report({}, [outcome(ours, 1.5)], None, None, []))
    assert f"**{ours / 100:.2f} " in text
    assert verdict in text


@pytest.mark.parametrize(("kept", "verdict"), [(60.0, "1.5, met"), (59.0, "1.5, missed")])
def test_a_kept_answer_is_compared_with_a_trivial_route_of_the_same_round(kept: float, verdict: str) -> None:
    def side(*figures: float) -> Side:
        each: dict[int, list[float]] = {1: [1.0], 16: [1.0]}
        return Side(list(figures), [1.0], each, each, each)

    names = (L1, REDIS, MISS, OFF)
    sides = {name: side(kept, kept * 2) for name in names} | {TRIVIAL: side(90.0, 180.0)}
    found = Kept(5_000, sides, {name: [0.0] for name in sides})
    assert found.costs(L1) == [90 / kept] * 2
    text = markdown(Report({}, [], None, found, []))
    assert f"| {L1} | {kept * 1.5:,.0f} | **{90 / kept:.2f} " in text
    assert verdict in text


def test_list_views_that_are_kept_and_those_that_are_asked_for_once_are_different_ones() -> None:
    asked = [request.target for request in list_views(FULL, QUICK).ours]
    assert len(asked) > VIEWS + 200
    assert not set(asked[:VIEWS]) & set(asked[VIEWS:])


def test_a_page_deep_down_is_compared_with_the_first() -> None:
    found = outcome(100.0, None)
    found.sides["our first page"] = replace(found.sides[OURS], per_cpu_second=[140.0])
    assert found.depth_cost == pytest.approx(1.4)
    assert "1.40 times the first page" in markdown(Report({}, [found], None, None, []))


def test_the_readme_gets_the_figures_between_its_marks(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    walk = Walk(1_000, (0.2, 0.1, 0.1, 0.1, 0.3), 140_000_000)
    update(Report({"date": "today"}, [outcome(150.0, 1.5)], Walks(walk, walk), None, []), tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "linear, 150 MB, missed" in text  # the last fifth costs 1.5 times the first
    ElementTree.fromstring((tmp_path / "ratios.svg").read_text())


def test_the_plot_marks_what_misses_its_target() -> None:
    def classes(ours: float) -> set[str | None]:
        drawn = ElementTree.fromstring(plot(Report({}, [outcome(ours, 1.5)], None, None, [])))
        return {part.get("class") for part in drawn.iter("{http://www.w3.org/2000/svg}rect")}

    assert "m" in classes(100.0)
    assert "m" not in classes(200.0)


def test_the_figures_in_the_readme_have_a_date() -> None:
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    figures = text.split(BEGIN)[1].split(END)[0]
    assert re.match(r"\ndate 20\d\d-\d\d-\d\d, ", figures)
    assert all(f"| ({letter}) " in figures for letter in LETTERS)


def test_a_call_is_timed_in_microseconds() -> None:
    effort = Effort(seconds=0.02, warm_up=0.01)
    assert time_alone(lambda: sum(range(100_000)), effort) > 100 * time_alone(lambda: None, effort)
