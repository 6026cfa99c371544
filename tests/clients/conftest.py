"""What the tests of other people's clients share: the service as it runs in production, Node.js, and its packages.

The packages are the very ones that `npm/package-lock.json` pins by their hashes. They are installed once per run into
the run's own directory, and not at all where `ERP_ODATA_TEST_NODE_MODULES` names a directory that has them.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import servers, serving
from tests.conftest import missing

NODE_MODULES_VARIABLE = "ERP_ODATA_TEST_NODE_MODULES"
NPM = Path(__file__).parent / "npm"
#: Nothing but the pinned packages: no scripts of theirs, no reports about them.
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")

RunNode = Callable[..., Any]


@pytest.fixture(scope="session")
def root(demo_sqlite_url: str) -> Iterator[str]:
    """The service root of a running server over the demo ERP, with links that lead back to it."""
    with serving.server(demo_sqlite_url, public_url=None) as client:
        yield f"http://127.0.0.1:{client.port}/odata/v4/"


@pytest.fixture(scope="session")
def everything(demo_sqlite_url: str) -> serving.DemoRows:
    """The demo's rows, read past the service."""
    return serving.demo_rows(demo_sqlite_url)


@pytest.fixture(scope="session")
def project(run_directory: Path) -> Path:
    """A directory with the packages in `node_modules` and our scripts beside them."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        missing("no Node.js: install the packages nodejs and npm")
    directory = run_directory / "npm"
    servers.once(run_directory, "npm", lambda: _install(directory))
    failed = directory / "failed.txt"
    if failed.exists():
        missing(f"npm could not install the clients: {failed.read_text()}")
    return directory


def _install(directory: Path) -> None:
    shutil.copytree(NPM, directory, ignore=shutil.ignore_patterns("node_modules", "build", "out"))
    given = os.environ.get(NODE_MODULES_VARIABLE)
    if given:
        (directory / "node_modules").symlink_to(given)
        return
    done = subprocess.run(INSTALL, cwd=directory, capture_output=True, text=True, timeout=280)
    if done.returncode:
        (directory / "failed.txt").write_text(done.stderr[-1000:])


@pytest.fixture(scope="session")
def node(project: Path, root: str) -> RunNode:
    """Runs a script with the service root as its argument; gives what it printed, which is JSON."""

    def run(script: str, *arguments: str) -> Any:
        done = subprocess.run(
            ["node", script, root, *arguments], cwd=project, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    return run
