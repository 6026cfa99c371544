"""The raw limit: the same rows fetched by psycopg and encoded, by a process that speaks no HTTP and does nothing else.

Nobody can answer in Python with less, unless the rows take another way. Statements are prepared, rows are encoded as
arrays. Driven like ``load``, by lines of JSON.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from sqlalchemy import make_url

from benchmarks.processes import Process


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL in psycopg's form and the values for it, of which each time the next are taken."""

    sql: str
    values: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Raw:
    """The other end."""

    running: "subprocess.Popen[str]"

    @property
    def process(self) -> Process:
        return Process(self.running.pid)

    def prepare(self, statements: Sequence[Statement]) -> None:
        """What one answer takes: all of the statements, one after the other."""
        self._do({"do": "prepare", "statements": [[s.sql, list(map(list, s.values))] for s in statements]})

    def run(self, seconds: float) -> int:
        """How many answers were made within that time."""
        return int(self._do({"do": "run", "seconds": seconds})["answers"])

    def _do(self, what: dict[str, Any]) -> dict[str, Any]:
        assert self.running.stdin is not None
        assert self.running.stdout is not None
        self.running.stdin.write(json.dumps(what, default=str) + "\n")
        self.running.stdin.flush()
        line = self.running.stdout.readline()
        if not line:
            raise RuntimeError("the raw process ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def raw(database_url: str) -> Iterator[Raw]:
    """A process for the length of a run."""
    running = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.raw", database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    try:
        yield Raw(running)
    finally:
        running.terminate()
        running.communicate(timeout=10)


# --- in that process ----------------------------------------------------------------------------------------


def main(database_url: str) -> None:
    """Does what each line says."""
    url = make_url(database_url)
    options = dict(url.query)
    given = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
    connection = psycopg.connect(
        dbname=url.database,
        autocommit=True,
        prepare_threshold=0,
        options="-c timezone=UTC",
        **{name: value for name, value in {**given, **options}.items() if value},  # type: ignore[arg-type]
    )
    encode = msgspec.json.Encoder(decimal_format="number").encode
    statements: list[list[Any]] = []
    position = 0
    for line in sys.stdin:
        what = json.loads(line)
        done = 0
        if what["do"] == "prepare":
            statements, position = what["statements"], 0
        else:
            end = time.perf_counter() + what["seconds"]
            with connection.cursor() as cursor:
                while time.perf_counter() < end:
                    for sql, values in statements:
                        encode(cursor.execute(sql, values[position % len(values)]).fetchall())
                    position += 1
                    done += 1
        sys.stdout.write(json.dumps({"answers": done}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
