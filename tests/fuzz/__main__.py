"""Coverage-guided fuzzing: ``python -m tests.fuzz --runs 1000000``; see README.md beside this file.

This process makes the small ERP, runs one fuzzer after the other in a process of its own, and judges what they report.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests import servers
from tests.fuzz.messages import TARGETS, read, seeds
from tests.fuzz.target import Fuzzed

#: How much the memory of a fuzzer may grow between its first inputs and its last. Its corpus is in there.
MAX_GROWTH_MB = 200


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the service with atheris.")
    arguments.add_argument("--runs", type=int, default=100_000, help="inputs in total, divided among the targets")
    arguments.add_argument("--targets", nargs="+", default=list(TARGETS), choices=TARGETS)
    arguments.add_argument("--directory", type=Path, default=Path(".fuzz"), help="keeps inputs that reached new code")
    arguments.add_argument("--seed", type=int, default=0, help="of the fuzzer's dice; 0 takes another each time")
    arguments.add_argument("--reproduce", type=Path, metavar="FILE", help="send one message that was found")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        erp = Path(temporary) / "erp.sqlite"
        shutil.copyfile(servers.demo_sqlite(Path(temporary)), erp)
        if given.reproduce:
            message = read(given.reproduce.read_bytes(), given.reproduce.parent.parent.name)
            print(repr(message))
            print(Fuzzed(erp).send(message).text)
            return 0
        reports = [_fuzz(t, given.runs // len(given.targets), given.seed, given.directory, erp) for t in given.targets]
    print(json.dumps({"inputs": sum(r["inputs"] for r in reports), "faults": sum(r["faults"] for r in reports)}))
    return int(any(r["faults"] or r["growth_mb"] > MAX_GROWTH_MB or not r["complete"] for r in reports))


def _fuzz(target: str, runs: int, seed: int, directory: Path, erp: Path) -> dict[str, Any]:
    corpus, faults = directory / target / "corpus", directory / target / "faults"
    for place in (corpus, faults):
        place.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(target)):  # type: ignore[arg-type]
        (corpus / f"seed-{number:04}").write_bytes(data)
    report = directory / target / "report.json"
    report.unlink(missing_ok=True)
    options = ["-max_len=4096", f"-seed={seed}", "-print_final_stats=0", "-verbosity=0", "-timeout=120"]
    command = [sys.executable, "-m", "tests.fuzz.fuzzer", target, str(runs), str(erp), str(directory / target)]
    with (directory / target / "log").open("wb") as log:
        ended = subprocess.run([*command, *options, str(corpus)], stdout=log, stderr=log)
    found: dict[str, Any] = json.loads(report.read_text()) if report.exists() else {"inputs": 0, "growth_mb": 0.0}
    found |= {"target": target, "complete": ended.returncode == 0, "faults": len(list(faults.glob("*.txt")))}
    print(json.dumps(found), flush=True)
    return found


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    sys.exit(main())
