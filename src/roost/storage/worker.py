"""One thread that does what it is handed, in order.

Leaner than an executor of one: no future for each job, as whoever hands one over says there how it reports back.
Deliberately does not know what it runs.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue


class Worker:
    """A thread and its queue of jobs. A job must not raise: there is nobody to tell."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        # A daemon: a server that dies of an error shall not hang. Nothing is lost that was acknowledged.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def hand(self, job: Callable[[], None]) -> None:
        """Have `job` done after those handed over before it."""
        self._jobs.put(job)

    def stop(self) -> None:
        """End the thread when everything handed over is done, and wait for that."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
