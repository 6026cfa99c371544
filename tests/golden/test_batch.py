"""Batches as clients send them, with the whole answers, over both databases.

A case is a request (method, target, header lines, a blank line, the body) and, after a line of equal signs, the answer
in the same form. Line ends of multipart bodies are CRLF on the wire; boundaries of answers, which are random, stand as
``BOUNDARY-1`` and so on.
"""

import re
from pathlib import Path

import pytest

from tests.golden.cases import REWRITE
from tests.serving import Answer, Client

FOLDER = Path(__file__).parent / "batch"
LINE = "=" * 20
SHOWN = ("Content-Type", "OData-Version", "Preference-Applied")


def shown(answer: Answer) -> str:
    """The answer as a case has it."""
    head = [str(answer.status), *(f"{name}: {answer.headers[name]}" for name in SHOWN if name in answer.headers)]
    text = "\n".join([*head, "", answer.text.replace("\r\n", "\n").replace('},{"id"', '},\n{"id"')])
    for number, boundary in enumerate(dict.fromkeys(re.findall(r"boundary=(\w+)", text)), 1):
        text = text.replace(boundary, f"BOUNDARY-{number}")
    return text.rstrip("\n") + "\n"


@pytest.mark.parametrize("ends", ["crlf", "lf"])
@pytest.mark.parametrize("service", ["sqlite", "postgres", "sqlite_http"])
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_batch(path: Path, service: str, ends: str, request: pytest.FixtureRequest) -> None:
    client: Client = request.getfixturevalue(service)
    asked, _, expected = path.read_text(encoding="utf-8").partition(f"{LINE}\n")
    head, _, body = asked.partition("\n\n")
    first, *lines = head.splitlines()
    method, _, target = first.partition(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    sent = body.replace("\n", "\r\n") if ends == "crlf" else body
    found = shown(client.send(method, target, headers, sent.encode()))
    if REWRITE:
        path.write_text(f"{asked}{LINE}\n{found}", encoding="utf-8")
    else:
        assert found == expected
