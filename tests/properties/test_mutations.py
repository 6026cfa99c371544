"""Valid requests, changed by their grammar, over SQLite and in memory: never 500, never slow, always a right answer.

The same services, messages and changes as the fuzzer in ``tests/fuzz``, which searches much longer.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.messages import TARGETS, Target, read, seeds
from tests.fuzz.mutate import mutated
from tests.fuzz.target import Fuzzed
from tests.profiles import examples

pytestmark = pytest.mark.property

SEEDS = {target: list(seeds(target)) for target in TARGETS}


@pytest.fixture(scope="module")
def fuzzed(demo_sqlite_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    path = tmp_path_factory.mktemp("fuzz") / "erp.sqlite"
    shutil.copyfile(Path(demo_sqlite_url.removeprefix("sqlite:///")), path)
    made = Fuzzed(path)
    yield made
    made.adapter.close()


@pytest.mark.parametrize("target", TARGETS)
def test_the_messages_to_start_from(fuzzed: Fuzzed, target: Target) -> None:
    """Many of them are answered with rows, or the changes would test nothing but the refusals."""
    statuses = [fuzzed.send(read(data, target)).status for data in SEEDS[target]]
    assert target in ("batch", "json") or statuses.count(200) > len(statuses) // 3


@pytest.mark.parametrize("target", TARGETS)
@examples(400)
@given(number=st.integers(0, 100_000), dice=st.integers(0, 2**32))
def test_changed_messages(fuzzed: Fuzzed, target: Target, number: int, dice: int) -> None:
    known = SEEDS[target]
    fuzzed.send(read(mutated(known[number % len(known)], Random(dice), known), target))


@examples(200)
@given(target=st.sampled_from(TARGETS), data=st.binary(max_size=300))
def test_any_bytes_are_a_message(fuzzed: Fuzzed, target: Target, data: bytes) -> None:
    fuzzed.send(read(data, target))
