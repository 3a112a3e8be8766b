"""The lock file that says which process owns a data directory.

The lock is the kernel's (flock), so it is gone with its process however that ended; the process id in the file is only
for people. Deliberately does not know what is in the directory.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

from roost.storage.errors import DatabaseInUse

LOCK_NAME: Final = "roost.lock"


class DirectoryLock:
    """The ownership of a directory, from construction until release(); raises DatabaseInUse."""

    def __init__(self, directory: Path) -> None:
        path = directory / LOCK_NAME
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(self._file, 32).strip()
            os.close(self._file)
            raise DatabaseInUse(str(path), int(owner) if owner.isdigit() else None) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, b"%d\n" % os.getpid())

    def release(self) -> None:
        """Give the directory up. The file stays: removing it would let two processes lock two files of one name."""
        os.ftruncate(self._file, 0)
        os.close(self._file)
