"""A real Tryton: its database on the run's PostgreSQL, filled once per run, and a server of its own on the loopback.

Tryton is a process that is talked to; nothing of it is imported here.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from sqlalchemy import NullPool, create_engine, text

from tests import servers

#: The URL of a server of your own that has the databases already: they take a while to make.
VARIABLE = "ERP_ODATA_TEST_TRYTON_URL"
PASSWORD = "correct horse battery"
#: The database as Tryton filled it, sealed; the one that tests read; one whose texts are sorted by code point.
TEMPLATE, DATABASE, ORDERED = "tryton_template", "tryton", "tryton_ordered"

_CODE_POINTS = """
DO $$ DECLARE found record; BEGIN
  FOR found IN SELECT table_name, column_name, data_type, character_maximum_length AS size
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type IN ('character varying', 'text')
  LOOP
    EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE %s COLLATE "C"', found.table_name, found.column_name,
      found.data_type || coalesce('(' || found.size || ')', ''));
  END LOOP;
END $$
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running trytond."""

    url: str
    log: Path


def configuration(directory: Path, server: servers.PostgresServer, **sections: str) -> Path:
    """A configuration in ``directory``: ``sections`` add lines to those that it has."""
    url = server.maintenance
    host = url.query.get("host")
    where = f"postgresql://{url.username}@/?host={host}" if host else url.render_as_string(hide_password=False)
    lines = [f"[database]\nuri = {where}", *(f"[{name}]\n{told}" for name, told in sections.items())]
    path = directory / f"trytond-{len(list(directory.glob('trytond-*.conf')))}.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


def databases(directory: Path, server: servers.PostgresServer) -> None:
    """Makes the databases of this run, if nobody has yet: Tryton takes three quarters of a minute for its modules."""

    def make() -> None:
        for name in (TEMPLATE, DATABASE, ORDERED):  # of an earlier run, on a server of one's own
            server.drop_database(name)
        server.create_database(TEMPLATE)
        script = Path(__file__).with_name("business.py")
        done = subprocess.run(
            [sys.executable, str(script), str(configuration(directory, server)), TEMPLATE],
            capture_output=True, text=True, env=_environment(), check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"Tryton was not filled:\n{done.stdout[-2_000:]}\n{done.stderr[-4_000:]}")
        server.seal(TEMPLATE)
        server.create_database(DATABASE, template=TEMPLATE)
        engine = create_engine(server.create_database(ORDERED, template=TEMPLATE), poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text(_CODE_POINTS))

    servers.once(directory, "tryton", make)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("TRYTOND_", "DB_NAME"))}


@contextmanager
def serving(directory: Path, server: servers.PostgresServer, **sections: str) -> Iterator[Server]:
    """A trytond of its own, for as long as the context lasts."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    path = configuration(directory, server, web=f"listen = 127.0.0.1:{port}", **sections)
    log = path.with_suffix(".log")
    binary = shutil.which("trytond", path=str(Path(sys.executable).parent)) or "trytond"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [binary, "-c", str(path), "-d", DATABASE, ORDERED],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=_environment(),
        )  # fmt: skip
    try:
        _await(f"http://127.0.0.1:{port}/", process, log)
        yield Server(f"http://127.0.0.1:{port}/", log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(url: str, process: "subprocess.Popen[bytes]", log: Path, patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    call = {"id": 0, "method": "common.server.version", "params": []}
    while True:
        try:
            requests.post(f"{url}rpc/", json=call, headers={"Accept-Encoding": "gzip"}, timeout=5)
            return
        except requests.ConnectionError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"trytond did not start:\n{log.read_text(errors='replace')[-2_000:]}") from None
            time.sleep(0.1)
