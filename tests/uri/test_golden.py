"""The cases in ``tests/golden/uri``: plain text, one case a paragraph. How to add one is told in its
``README.txt``.
"""

from pathlib import Path

import pytest

from edm.errors import ODataError
from odata_server.uri.options import parse_path, parse_query
from tests.uri.printing import segments, show_option

FOLDER = Path(__file__).parents[1] / "golden" / "uri"


def cases() -> list[object]:
    found: list[object] = []
    for file in sorted(FOLDER.glob("*.txt")):
        if file.name != "README.txt":
            lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
            paragraphs = [p for p in "\n".join(lines).split("\n\n") if p.strip()]
            found += [pytest.param(p.strip(), id=f"{file.stem}: {p.strip().splitlines()[0]}") for p in paragraphs]
    return found


def outcome(kind: str, text: str) -> list[str]:
    """What a request line comes to, in the lines of a case."""
    try:
        if kind == "path":
            return [f"means: {segments(parse_path(text).segments) or 'the service document'}"]
        options = parse_query(text)
    except ODataError as error:
        place = f" in {error.target}" if error.target else ""
        place += f" at {error.position}" if error.position is not None else ""
        lines = [f"error: {error.code}{place}", f"says: {error.message}"]
        return [*lines, f"hint: {error.hint}"] if error.hint else lines
    known = [*options.system.values(), *options.aliases.values()]
    lines = [f"{option.name}: {show_option(option)}" for option in known]
    return lines + [f"custom: {name}={value}" for name, value in options.custom] or ["means: no options"]


@pytest.mark.parametrize("case", cases())
def test_case(case: str) -> None:
    first, *expected = case.splitlines()
    kind, _, text = first.partition(": ")
    assert kind in ("path", "query")
    assert outcome(kind, text) == [line.rstrip() for line in expected]
