"""The examples of docs/clients.md print what the page shows."""

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.documents import blocks, page

DEMO = "http://127.0.0.1:8000/odata/v4/"
COMMANDS = {"python": (sys.executable, "-c"), "js": ("node", "--input-type=module", "--eval")}


def examples() -> list[Any]:
    """Language, code and output."""
    return [
        pytest.param(language, code, output, id=re.findall(r'(?:from|import) "?([\w@/.-]+)', code)[0])
        for (language, code), (following, output) in pairwise(blocks(page("docs/clients.md")))
        if following == "text"
    ]


@pytest.mark.parametrize(("language", "code", "output"), examples())
def test_prints_what_the_page_shows(language: str, code: str, output: str, root: str, project: Path) -> None:
    command = (*COMMANDS[language], code.replace(DEMO, root))
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == output.strip()
