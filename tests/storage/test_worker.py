"""One thread and its jobs."""

import threading
from functools import partial

from roost.storage.worker import Worker


def test_jobs_are_done_in_order_in_one_other_thread() -> None:
    """And all of them before stop() returns."""
    done: list[tuple[int, str]] = []
    worker = Worker("busy")

    def note(number: int) -> None:
        done.append((number, threading.current_thread().name))

    for number in range(5):
        worker.hand(partial(note, number))
    worker.stop()

    assert [(number, "busy") for number in range(5)] == done
