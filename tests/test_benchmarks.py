"""The benchmarks run, and both sides answer the same. What they measure is not judged here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import check_same
from benchmarks.cases import Case, rows
from benchmarks.clients import Question
from benchmarks.stages import profile
from benchmarks.timing import QUICK, compare

ROOT = Path(__file__).parents[1]
NOBODY = Question("ours", "/")
#: Rows that each case has to bring on the demo's data.
EXPECTED = {
    "list view": 26,
    "detail": 1,
    "entity": 1,
    "related list": 26,
    "2,000-row page": 2_000,
    "first page": 500,
    "deep page": 500,
    "search": 1,
    "150 keys": 150,
    "deep / first (ours)": 500,
    "deep / first (theirs)": 500,
}


@pytest.mark.postgres
def test_a_quick_run_finds_the_same_rows_on_both_sides(demo_postgres_url: str, tmp_path: Path) -> None:
    found = tmp_path / "figures.json"
    command = ["-m", "benchmarks", "--quick", "--json", str(found), "--database-url", demo_postgres_url]
    run = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr[-3_000:]
    figures = json.loads(found.read_text())
    assert {case["name"]: case["rows"] for case in figures["outcomes"]} == EXPECTED
    for case in figures["outcomes"]:
        for mode in ("in_process", "over_http"):
            assert case[mode]["least"] <= case[mode]["ratio"] <= case[mode]["greatest"]
    assert all(name in run.stdout for name in EXPECTED)


def test_different_rows_stop_the_run() -> None:
    case = Case("case", "", (NOBODY,), (NOBODY,))
    check_same(case, b'{"@odata.context":"a","value":[{"A":1.50}]}', b'{"value":[{"A":1.50}]}')
    with pytest.raises(RuntimeError, match="the services differ"):
        check_same(case, b'{"value":[{"A":1.50}]}', b'{"value":[{"A":1.5}]}')
    with pytest.raises(RuntimeError, match="the services differ"):
        check_same(case, b'{"@odata.count":2,"value":[]}', b'{"value":[]}')


def test_rows_are_members_in_their_order_without_control_information() -> None:
    assert rows(b'{"@odata.etag":"x","B":"1","A":2}') == [[("B", "1"), ("A", 2)]]


def test_a_ratio_is_the_first_to_the_second() -> None:
    found = compare(lambda: sum(range(20_000)), lambda: None, QUICK)
    assert found.first > found.second
    assert found.ratio > 1


def test_every_sample_has_a_stage() -> None:
    found = profile(lambda: sum(range(1_000)), 0.05)
    assert found.samples > 0
    assert sum(found.shares.values()) == pytest.approx(1)
