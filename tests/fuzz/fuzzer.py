"""One fuzzer: atheris around ``Fuzzed.send``. Started by ``__main__``, which says where to write."""

import hashlib
import json
import os
import sys
import time
import traceback
from pathlib import Path
from random import Random
from typing import Any

import atheris

with atheris.instrument_imports(include=["edm", "odata_server", "erp_adapters"]):
    from tests.fuzz.messages import Target, read, seeds
    from tests.fuzz.mutate import mutated
    from tests.fuzz.target import Fuzzed

#: Inputs after which caches are full and the memory is measured for the first time.
WARM = 50_000


class Fuzzer:
    """Counts what it sends, keeps what fails, and writes ``report.json``."""

    def __init__(self, target: Target, runs: int, erp: Path, directory: Path) -> None:
        self.target, self.runs, self.directory = target, runs, directory
        self.fuzzed = Fuzzed(erp)
        self.seeds = list(seeds(target))
        self.inputs = self.slowest = 0.0
        self.answers: dict[str, int] = {}
        self.started = time.monotonic()
        self.warm_mb = 0.0

    def one(self, data: bytes) -> None:
        if self.inputs >= self.runs:
            self._report()
            os._exit(0)  # the fuzzer's own end counts inputs that were only loaded
        self.inputs += 1
        if self.inputs % 1_000 == 0:
            self._report()
        started = time.process_time()
        try:
            status = str(self.fuzzed.send(read(data, self.target)).status)
        except Exception as error:  # noqa: BLE001 (each kind of fault is kept once, and the search goes on)
            status = "fault"
            self._keep(data, error)
        self.answers[status] = self.answers.get(status, 0) + 1
        self.slowest = max(self.slowest, time.process_time() - started)

    def change(self, data: bytes, most: int, seed: int) -> bytes:
        """Half of the changes are the fuzzer's own, half know the grammar."""
        dice = Random(seed)
        return atheris.Mutate(data, most) if dice.random() < 0.5 else mutated(data, dice, self.seeds, most)

    def _keep(self, data: bytes, error: Exception) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        kind = f"{type(error).__name__} {frames[-1].filename}:{frames[-1].lineno}"
        path = self.directory / "faults" / hashlib.sha256(kind.encode()).hexdigest()[:12]
        if not path.exists():
            path.write_bytes(data)
            path.with_suffix(".txt").write_text("".join(traceback.format_exception(error)))

    def _report(self) -> None:
        mb = int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
        if not self.warm_mb or self.inputs <= WARM:
            self.warm_mb = mb
        seconds = time.monotonic() - self.started
        report: dict[str, Any] = {
            "inputs": int(self.inputs),
            "seconds": round(seconds),
            "per_second": round(self.inputs / seconds),
            "slowest_seconds": round(self.slowest, 3),
            "warm_mb": round(self.warm_mb),
            "growth_mb": round(mb - self.warm_mb),
            "answers": dict(sorted(self.answers.items())),
        }
        (self.directory / "report.json").write_text(json.dumps(report))


def main() -> None:
    _, target, runs, erp, directory, *options = sys.argv
    fuzzer = Fuzzer(target, int(runs), Path(erp), Path(directory))  # type: ignore[arg-type]
    atheris.Setup([sys.argv[0], *options], fuzzer.one, custom_mutator=fuzzer.change)
    atheris.Fuzz()


main()
