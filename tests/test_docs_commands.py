"""Commands in the documentation, run over the demo ERP, print what the documents show.

An example is a block ``console`` with lines ``$ erp-odata ...`` or ``$ cat FILE`` and what they print, both streams;
``…`` stands for a part of a line, and alone on a line for any lines. Commands of a block run one after the other in one
directory, and so do all blocks of a page that is a walk; a command without output below it is run for its files alone if
another one of the block has output.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from odata_server.cli import main
from odata_server.config import PLATFORM
from tests.documents import PAGES, blocks

REST = "…"
#: What the catalog of the examples has that the built-in one has not: file, text, instead.
CHANGES = (
    ("Warehouses.toml", "max_length = 60", "max_length = 80"),
    (
        "Warehouses.toml",
        "[sql]\n",
        '[properties.Automated]\ntype = "Boolean"\nlabel = "Automated"\ndescription = "Whether robots pick."\n\n[sql]\n',
    ),
    ("Warehouses.toml", "[sql.columns]\n", '[sql.columns]\nAutomated = { column = "WHTY", true = ["1"] }\n'),
)


#: Pages whose blocks build on each other.
WALKS = ("your-erp",)

Commands = list[tuple[str, str]]


def examples() -> Iterator[Any]:
    """The commands of each block, with what is shown below them."""
    for path in PAGES:
        found = [
            commands(content) for language, content in blocks(path.read_text(encoding="utf-8")) if language == "console"
        ]
        for block in [list(chain.from_iterable(found))] if path.stem in WALKS else found:
            if any(shown.strip() for _, shown in block):
                yield pytest.param(block, id=f"{path.stem}: {block[0][0][:60]}")


def commands(content: str) -> Commands:
    return re.findall(r"(?ms)^\$ (.+?)\n(.*?)(?=^\$ |\Z)", content.replace("\\\n", " "))


@pytest.fixture
def place(tmp_path: Path, demo_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a catalog that was changed after its snapshot was taken."""
    for name in list(os.environ):
        if name in PLATFORM or (name.startswith("ERP_ODATA_") and not name.startswith("ERP_ODATA_TEST_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", demo_sqlite_url)
    built_in = files("erp_adapters") / "catalog"
    shutil.copytree(str(built_in), "catalog")
    (tmp_path / "contract.json").write_text((built_in / "contract.json").read_text("utf-8"), "utf-8")
    for file, old, new in CHANGES:
        text = (tmp_path / "catalog" / file).read_text("utf-8")
        assert old in text, "the example's change does not fit the catalog any more"
        (tmp_path / "catalog" / file).write_text(text.replace(old, new, 1), "utf-8")
    return tmp_path


@pytest.mark.parametrize("block", list(examples()))
def test_commands_print_what_is_shown(block: Commands, place: Path) -> None:
    for command, shown in block:
        assert not re.search(r'"[^"\']*(?<!\\)\$', command), f"a shell would fill in the variable: {command}"
        name, *arguments = shlex.split(command.replace("\\$", "$"))
        if name == "cat":
            printed = (place / arguments[0]).read_text("utf-8")
        elif name == "sed":
            printed = subprocess.run([name, *arguments], check=True, capture_output=True, text=True).stdout
        else:
            assert name == "erp-odata"
            printed = CliRunner().invoke(main, arguments, prog_name="erp-odata").output
        if shown.strip():
            lines = [line.rstrip() for line in printed.strip().splitlines()]
            assert lines == aligned(shown, printed), f"{command}\n{printed}"


def aligned(shown: str, printed: str) -> list[str]:
    """What is shown, with its gaps filled from what was printed: the same list if it fits."""
    lines = [line.rstrip() for line in printed.strip().splitlines()]
    filled: list[str] = []
    wanted = [line.rstrip() for line in shown.strip().splitlines()]
    for index, line in enumerate(wanted):
        if line == REST:
            following = wanted[index + 1] if index + 1 < len(wanted) else None
            rest = lines[len(filled) :]
            skipped = next((n for n, each in enumerate(rest) if following and fits(following, each)), len(rest))
            filled += rest[:skipped]
        else:
            given = lines[len(filled)] if len(filled) < len(lines) else ""
            filled.append(given if fits(line, given) else line)
    return filled


def fits(line: str, given: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, line.split(REST))), given) is not None


def test_gaps_are_filled_and_nothing_else_is() -> None:
    assert aligned("a\n…\nd …", "a\nb\nc\nd 1 ms\n") == ["a", "b", "c", "d 1 ms"]
    assert aligned("a\nx", "a\nb\n") == ["a", "x"]
    assert aligned("a", "a\nb\n") == ["a"]
    assert aligned("a\nb\nc", "a\nb") == ["a", "b", "c"]
    assert aligned("a\n…", "a\nb\nc") == ["a", "b", "c"]
