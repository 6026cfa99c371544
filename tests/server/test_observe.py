"""The log: one line per event, whatever is in it, and no secret."""

import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_server import observe
from odata_server.observe import MAX_LINE, Failed, Handled, configure, log, notify, remember, take_last

EVENT = Handled("GET", "Invoices", "$top=3", 200, "abc", "alice", "Invoices", rows=3, bytes=512, seconds=0.0123)
NASTY = 'a\r\nb\x1b[31m\0\u202e\u2028\x85 "quoted" {}%s'


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("erp_odata")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers, level, own = before
    root.setLevel(level)
    ours.setLevel(own)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> "Lines":
    return Lines(capsys)


class Lines:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def text(self) -> list[str]:
        return self._capsys.readouterr().out.splitlines()

    def json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text()]


def test_a_request_is_one_line(lines: Lines) -> None:
    configure()
    log(replace(EVENT, erp_seconds=0.004, erp_calls=2, rows_read=40, notes=("top kept here",)))
    (line,) = lines.json()
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "event": "request",
        "method": "GET",
        "path": "Invoices",
        "query": "$top=3",
        "set": "Invoices",
        "status": 200,
        "rows": 3,
        "bytes": 512,
        "ms": 12.3,
        "erp_ms": 4.0,
        "erp_calls": 2,
        "rows_read": 40,
        "notes": ["top kept here"],
        "principal": "alice",
        "correlation_id": "abc",
    }


def test_a_request_within_a_batch_says_so(lines: Lines) -> None:
    configure()
    log(replace(EVENT, part="7"))
    (line,) = lines.json()
    assert (line["part"], line["correlation_id"]) == ("7", "abc")


def test_failures_have_code_and_detail(lines: Lines) -> None:
    configure()
    log(replace(EVENT, status=503, error_code="erp_unavailable", detail="refused"))
    (line,) = lines.json()
    assert (line["level"], line["code"], line["detail"]) == ("error", "erp_unavailable", "refused")


def test_a_fault_has_its_traceback(lines: Lines) -> None:
    configure("error")
    try:
        raise KeyError("the cause")
    except KeyError as error:
        log(Failed(error, "abc", "GET", "Invoices"))
    (line,) = lines.json()
    assert (line["event"], line["correlation_id"]) == ("fault", "abc")
    assert "Traceback" in line["exception"]
    assert "the cause" in line["exception"]


def test_levels(lines: Lines) -> None:
    configure("warning")
    log(EVENT)
    assert lines.text() == []
    log(replace(EVENT, status=500))
    assert len(lines.text()) == 1


@pytest.mark.parametrize("style", ["json", "console"])
def test_values_cannot_forge_lines(lines: Lines, style: str) -> None:
    configure("info", style)
    log(replace(EVENT, path=NASTY, query=NASTY, principal=NASTY, detail=NASTY))
    (line,) = lines.text()
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.parametrize("style", ["json", "console"])
def test_lines_are_short(lines: Lines, style: str) -> None:
    configure("info", style)
    for text in ("x" * 1_000_000, "\U0001f600" * 100_000, "\0" * 100_000):
        log(replace(EVENT, path=text, query=text, principal=text, detail=text, notes=(text,) * 100))
    found = lines.text()
    assert len(found) == 3
    assert max(map(len, found)) <= MAX_LINE


def test_a_traceback_keeps_its_end(lines: Lines) -> None:
    configure()
    log(Failed(ValueError("x" * 50_000 + "the end")))
    (line,) = lines.json()
    assert line["exception"].endswith("the end")


def test_secrets_are_masked_wherever_they_are(lines: Lines) -> None:
    configure("info", "json", ("top-secret", ""))
    log(replace(EVENT, query="$filter=a eq 'top-secret'", detail="postgresql://u:top-secret@h"))
    log(Failed(ValueError("top-secret")))
    logging.getLogger("a.library").warning("connecting with %s", "top-secret")
    found = lines.text()
    assert len(found) == 3
    assert not any("top-secret" in line for line in found)


def test_libraries_log_the_same_way(lines: Lines) -> None:
    configure()
    logging.getLogger("a.library").warning("careful: %s", NASTY)
    logging.getLogger("a.library").info("chatter")
    (line,) = lines.json()
    assert (line["level"], line["event"]) == ("warning", f"careful: {NASTY}")


def test_configuring_twice_logs_once(lines: Lines) -> None:
    configure()
    configure()
    log(EVENT)
    assert len(lines.text()) == 1


def test_the_console_style_is_for_people(lines: Lines) -> None:
    configure("info", "console")
    log(EVENT)
    (line,) = lines.text()
    assert " info    request method=GET path=Invoices query=$top=3 set=Invoices status=200 rows=3" in line


def test_an_observer_that_fails_harms_nobody(lines: Lines) -> None:
    configure()
    told: list[Any] = []

    def fails(event: observe.Event) -> None:
        raise RuntimeError("broken observer")

    notify((fails, told.append), EVENT)
    assert told == [EVENT]
    assert "broken observer" in lines.json()[0]["exception"]


def test_the_last_event_is_taken_once() -> None:
    take_last()
    remember(Failed(ValueError()))
    assert take_last() is None
    remember(EVENT)
    assert take_last() is EVENT
    assert take_last() is None


@given(st.text(max_size=300), st.sampled_from(["json", "console"]))
def test_any_text_is_one_line(text: str, style: str) -> None:
    render = observe._Renderer(style, ())
    line = render(None, "info", {"event": text, "path": text, "list": [text, 1], "exception": ""})
    assert len(line.splitlines()) == 1
    assert line.isascii()


@contextmanager
def alone() -> Iterator[None]:
    """Our handler as the only one, as in production; pytest has its own."""
    root = logging.getLogger()
    before, level, own = root.handlers[:], root.level, logging.getLogger("erp_odata").level
    root.handlers = []
    configure("info", "json", ("top-secret",))
    yield
    root.handlers, root.level = before, level
    logging.getLogger("erp_odata").setLevel(own)


TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["x" * 2_040, "x" * 3_000, "x" * 9_000, "top-secret", 'a"b\\c\n\x1f\x7f/', "ü"]),
)


@given(
    event=st.builds(
        Handled,
        method=TEXTS,
        path=TEXTS,
        query=TEXTS,
        status=st.sampled_from([200, 404, 500]),
        correlation_id=TEXTS,
        principal=TEXTS,
        entity_set=st.none() | TEXTS,
        error_code=st.none() | TEXTS,
        rows=st.integers(0, 2_000),
        bytes=st.integers(0, 10**9),
        seconds=st.floats(0, 100),
        rows_read=st.integers(0, 5),
        notes=st.lists(TEXTS, max_size=2).map(tuple),
        detail=TEXTS,
    )
)
def test_the_line_is_the_same_whoever_else_listens(event: Handled) -> None:
    lines = []
    with alone():
        handler = logging.root.handlers[0]
        for others in ([], [logging.NullHandler()]):
            logging.root.handlers = [handler, *others]
            stream = io.StringIO()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("sys.stdout", stream)
                log(event)
            lines.append(re.sub('"timestamp":"[^"]+Z"', "", stream.getvalue()))
    assert lines[0] == lines[1]
    assert lines[0].count("\n") == 1


def test_plain_requests_are_written_directly(capsys: pytest.CaptureFixture[str]) -> None:
    with alone():
        assert observe._direct is not None
        assert observe._direct.write(EVENT, logging.INFO)
        assert observe._direct.write(replace(EVENT, query="x" * 3_000), logging.INFO)
        assert not observe._direct.write(
            replace(EVENT, query="x" * 3_000, path="y" * 8_000, detail="z" * 8_000, part="p" * 8_000), logging.INFO
        )
        assert not observe._direct.write(replace(EVENT, query="ü"), logging.INFO)
        assert not observe._direct.write(replace(EVENT, notes=("a",)), logging.INFO)
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_lines_of_both_ways_reach_standard_output_in_their_order() -> None:
    program = """
import logging
from dataclasses import replace
from odata_server.observe import Handled, configure, log
configure()
event = Handled("GET", "Invoices", "$top=3", 200)
for number in range(3):
    log(replace(event, path=f"direct {number}"))
    log(replace(event, path=f"around \u00fc {number}"))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    paths = [json.loads(line)["path"] for line in run.stdout.splitlines()]
    assert paths == [f"{way} {number}" for number in range(3) for way in ("direct", "around ü")]
