"""Connections that outlast their deadline are cut, and no others."""

import os
import select
import signal
import threading
import time

from erp_adapters.watch import SLACK, Watch


def test_what_is_left_in_time_is_not_cut() -> None:
    watch, cut = Watch(), threading.Event()
    with watch.over(time.monotonic() + 0.1, cut.set):
        pass
    time.sleep(SLACK + 0.3)
    assert not cut.is_set()


def test_what_outlasts_its_deadline_is_cut_once() -> None:
    watch, times = Watch(), []
    started = time.monotonic()
    with watch.over(started + 0.1, lambda: times.append(time.monotonic() - started)):
        time.sleep(0.1 + SLACK + 0.4)
    assert len(times) == 1
    assert 0.1 + SLACK <= times[0] < 0.1 + SLACK + 0.3


def test_each_has_its_own_deadline() -> None:
    watch, cuts = Watch(), []
    now = time.monotonic()
    with (
        watch.over(now + 30, lambda: cuts.append("late")),
        watch.over(now + 0.2, lambda: cuts.append("second")),
        watch.over(now, lambda: cuts.append("first")),
        watch.over(None, lambda: cuts.append("never")),
    ):
        time.sleep(SLACK + 0.6)
    assert cuts == ["first", "second"]


def test_many_at_once() -> None:
    watch, cuts = Watch(), []
    deadline = time.monotonic() + 0.3

    def one(number: int) -> None:
        with watch.over(deadline, lambda: cuts.append(number)):
            time.sleep(0 if number % 2 else 0.3 + SLACK + 0.5)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(cuts) == list(range(0, 100, 2))


def test_a_fork_watches_too() -> None:
    def tell() -> None:
        os.write(write, b"cut")

    watch = Watch()
    with watch.over(time.monotonic() + 30, lambda: None):
        pass
    read, write = os.pipe()
    watch._changed.acquire()  # as a thread may hold it at that moment
    child = os.fork()
    if child == 0:
        with watch.over(time.monotonic(), tell):
            time.sleep(SLACK + 10)
        os._exit(0)
    watch._changed.release()
    assert select.select([read], [], [], 30)[0]
    assert os.read(read, 3) == b"cut"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
