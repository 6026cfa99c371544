"""``python -m tests.scopes --pairs 100000``: many random pairs of requests; see ``run``."""

import argparse
import json
import sys
import time

from tests.scopes.run import run


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.scopes", description="Two principals, one cache.")
    arguments.add_argument("--pairs", type=int, default=100_000, help="pairs of requests")
    arguments.add_argument("--seed", type=int, default=0, help="of the dice")
    given = arguments.parse_args()
    started = time.monotonic()

    def told(done: int) -> None:
        if done % 1_000 == 0:
            print(f"{done:,} pairs, {time.monotonic() - started:,.0f} s", file=sys.stderr, flush=True)

    report = run(given.pairs, given.seed, told)
    print(json.dumps(vars(report) | {"seconds": round(time.monotonic() - started)}))
    return 1 if report.leak else 0


if __name__ == "__main__":
    sys.exit(main())
