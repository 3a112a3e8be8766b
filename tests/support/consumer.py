"""A process that tells what it sees as lines of JSON, and what was told so far: other people's consumers, in a test.

Deliberately does not know what they consume.
"""

import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

# Any: JSON that was made by somebody else.
Line = dict[str, Any]

PATIENCE = 60.0
"""Seconds to wait for what must come: many times what it takes, on a machine that does other things too."""


class Consumer:
    """A process and the lines that it has told; it runs until the block ends."""

    def __init__(self, command: Sequence[str | Path], cwd: Path | None = None) -> None:
        self._process = subprocess.Popen(
            [str(word) for word in command], cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.told: list[Line] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def until(self, right: Callable[[list[Line]], bool], *, patience: float = PATIENCE) -> list[Line]:
        """Return what was told, once it is right. Raises AssertionError with its end when the patience is over."""
        with self._more:
            came = self._more.wait_for(lambda: right(self.told), patience)
            assert came, f"it did not come; told so far, {len(self.told)} lines: {self.told[-5:]}"
            return list(self.told)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._more:
                self.told.append(json.loads(line))
                self._more.notify_all()
