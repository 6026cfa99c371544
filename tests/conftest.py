"""Fixtures for all tests: a real PostgreSQL, a real MariaDB, the demo ERP, a real browser. How they are made is in `servers`.

In CI nothing is skipped: what is missing there fails the run.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Page, sync_playwright

# Before anything imports them: assertions in modules that tests share say as much as those in tests.
pytest.register_assert_rewrite("tests.serving", "tests.spec.clauses", "tests.golden.cases", "tests.engine.small")

from tests import servers  # noqa: E402
from tests.profiles import USUAL  # noqa: E402

CI = bool(os.environ.get("CI"))
RUN_DIRECTORY = pytest.StashKey[Path]()

# Deterministic by default; the others look further, with new examples each time. See ``profiles``.
settings.register_profile("default", deadline=None, max_examples=USUAL, derandomize=True, print_blob=True)
settings.register_profile("thorough", deadline=None, max_examples=2_000, print_blob=True)
settings.register_profile("nightly", deadline=None, max_examples=20_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure(config: pytest.Config) -> None:
    given: dict[str, Any] | None = getattr(config, "workerinput", None)  # set in xdist workers alone
    path = given["run_directory"] if given else tempfile.mkdtemp(prefix="erp-odata-")
    config.stash[RUN_DIRECTORY] = Path(path)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["run_directory"] = str(node.config.stash[RUN_DIRECTORY])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if CI and reporter is not None and reporter.stats.get("skipped") and session.exitstatus == 0:
        reporter.ensure_newline()
        reporter.write_line("Tests were skipped, which CI does not allow.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    directory = config.stash[RUN_DIRECTORY]
    servers.stop_postgres(directory)
    servers.stop_mariadb(directory)
    shutil.rmtree(directory, ignore_errors=True)


def missing(what: str) -> NoReturn:
    if CI:
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session")
def run_directory(pytestconfig: pytest.Config) -> Path:
    """Shared by all workers of this run, and gone after it."""
    return pytestconfig.stash[RUN_DIRECTORY]


@pytest.fixture(scope="session")
def postgres_server(run_directory: Path) -> servers.PostgresServer:
    try:
        return servers.postgres(run_directory)
    except ImportError as error:
        missing(f"no PostgreSQL: {error}; `make install-dev` brings one, or set {servers.POSTGRES_VARIABLE}")


@pytest.fixture
def postgres_url(postgres_server: servers.PostgresServer) -> Iterator[str]:
    """A new, empty database for this test alone."""
    name = f"t_{uuid.uuid4().hex}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def mariadb_server(run_directory: Path) -> servers.MariaServer:
    try:
        return servers.mariadb(run_directory)
    except FileNotFoundError as error:
        missing(f"no MariaDB: {error}; install the package mariadb-server, or set {servers.MARIADB_VARIABLE}")


@pytest.fixture
def mariadb_url(mariadb_server: servers.MariaServer) -> Iterator[str]:
    """A new, empty database for this test alone."""
    name = f"t_{uuid.uuid4().hex}"
    yield mariadb_server.create_database(name)
    mariadb_server.drop_database(name)


@pytest.fixture(scope="session")
def demo_sqlite_url(run_directory: Path) -> str:
    """The demo ERP in SQLite; shared, so only for reading."""
    return f"sqlite:///{servers.demo_sqlite(run_directory)}"


@pytest.fixture(scope="session")
def demo_postgres_url(run_directory: Path, postgres_server: servers.PostgresServer) -> str:
    """The demo ERP on PostgreSQL; shared, so only for reading."""
    return servers.demo_postgres(run_directory, postgres_server)


@pytest.fixture(scope="session")
def demo_mariadb_url(run_directory: Path, mariadb_server: servers.MariaServer) -> str:
    """The demo ERP on MariaDB; shared, so only for reading."""
    return servers.demo_mariadb(run_directory, mariadb_server)


@pytest.fixture
def demo_sqlite_copy(run_directory: Path, tmp_path: Path) -> str:
    """A demo ERP in SQLite that this test may change."""
    copy = shutil.copyfile(servers.demo_sqlite(run_directory), tmp_path / "demo.sqlite")
    return f"sqlite:///{copy}"


@pytest.fixture
def demo_postgres_copy(demo_postgres_url: str, postgres_server: servers.PostgresServer) -> Iterator[str]:
    """A demo ERP on PostgreSQL that this test may change."""
    name = f"t_{uuid.uuid4().hex}"
    yield postgres_server.create_database(name, template=servers.DEMO_TEMPLATE)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session", params=["sqlite", "postgres", "mariadb"])
def demo_url(request: pytest.FixtureRequest) -> str:
    """The demo ERP, once on each database; shared, so only for reading."""
    return str(request.getfixturevalue(f"demo_{request.param}_url"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of an installed Chromium."""
    return servers.find_chromium() or missing(
        f"no Chromium: install the package chromium, or set {servers.CHROMIUM_VARIABLE}"
    )


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless browser. For one module, because its event loop would be in the way of others' asyncio."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(servers.CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page with no cookies and no cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()
