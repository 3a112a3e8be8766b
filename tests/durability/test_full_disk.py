"""A full disk: writes are refused, nothing acknowledged is lost, reads go on, and with room again so do writes.

Two ways to run out of room: a small file system, for which the test must be root, and the kernel's limit on the size of
a file, which anybody may set.
"""

import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.audit import Auditor
from support.process import ServerProcess
from support.storm import Account, Line, Refused, Storm, Writer, register

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

ROOM = 400_000
"""Bytes left when the disk is nearly full: some dozens of commits."""


@dataclass(frozen=True)
class Disk:
    """A server on a disk whose room can be taken away and given back."""

    server: ServerProcess
    fill: Callable[[], None]
    clear: Callable[[], None]


@pytest.fixture(params=["small file system", "limited file size"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A running server, and the means to leave it without room."""
    data = tmp_path / "data"
    server = ServerProcess(data, tmp_path / "log")
    mounted = request.param == "small file system"
    if mounted:
        mount(data)
    elif not hasattr(resource, "prlimit"):
        pytest.skip("NOT TESTED: this system cannot limit another process's files")
    try:
        server.start()
        yield small(server) if mounted else limited(server)
    finally:
        server.end()
        if mounted:
            subprocess.run(["umount", str(data)], check=True)


def mount(data: Path) -> None:
    """Put a file system of 24 MB at `data`; skips the test where that is not allowed."""
    data.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", str(data)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("NOT TESTED: there is no mount on this machine")
    if done.returncode:
        pytest.skip(f"NOT TESTED: only root can mount a small file system: {done.stderr.strip()}")


def small(server: ServerProcess) -> Disk:
    """Fill the file system with a file of nothing."""
    ballast = server.data / "ballast"

    def fill() -> None:
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(65_536)):
                    pass
            except OSError:
                pass
            file.truncate(max(0, file.tell() - ROOM))

    return Disk(server, fill, ballast.unlink)


def limited(server: ServerProcess) -> Disk:
    """Let no file of the server's grow much longer than its log is now."""

    def fill() -> None:
        log = (server.data / "roost.sqlite-wal").stat().st_size
        limit(log + ROOM)

    def limit(size: int) -> None:
        resource.prlimit(server.running.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    return Disk(server, fill, lambda: limit(resource.RLIM_INFINITY))


def written_until_refused(writer: Writer, line: Line) -> list[Refused]:
    """Write until there is no room, and then some more; return how writes were refused."""
    refusals: list[Refused] = []
    for _ in range(2000):
        try:
            writer.write(line)
        except Refused as error:
            refusals.append(error)
            if len(refusals) == 20:
                return refusals
    raise AssertionError("the disk was never full")


def started(server: ServerProcess) -> tuple[list[Writer], list[Account]]:
    """Return three accounts with two writers each, who have written something."""
    with closing(Line(server.port)) as line:
        accounts = [register(line, f"alice{n}") for n in range(3)]
        writers = [Writer(account, f"w{i}{n}", i * 10 + n) for i, account in enumerate(accounts) for n in range(2)]
        write(writers, line)
    return writers, accounts


def write(writers: list[Writer], line: Line) -> None:
    """Write something with each; nothing may be refused."""
    for writer in writers:
        for _ in range(15):
            writer.write(line)


def register_many(line: Line, accounts: list[Account]) -> None:
    """Make accounts until one is refused."""
    accounts.extend(register(line, f"bob{n}") for n in range(50))


def test_a_full_disk_loses_nothing_and_heals(disk: Disk) -> None:
    """What is refused has not happened, what is acknowledged has; with room again the server takes writes again."""
    server = disk.server
    writers, accounts = started(server)
    with closing(Line(server.port)) as line:
        disk.fill()

        refusals = [error for writer in writers for error in written_until_refused(writer, line)]

        assert {error.status for error in refusals} == {500}
        Auditor(server).audit(writers, accounts)
        with pytest.raises(Refused):
            register_many(line, accounts)
        disk.clear()
        write(writers, line)
        accounts.append(register(line, "carol"))
    Auditor(server).audit(writers, accounts)
    assert server.stop() == 0


def test_a_disk_that_fills_under_load_loses_nothing(disk: Disk) -> None:
    """Writers who share a commit that fails are all refused; nothing is lost when the server is killed there."""
    server = disk.server
    writers, accounts = started(server)
    storm = Storm(writers, patient=True)
    disk.fill()
    storm.begin(server.port)
    deadline = time.monotonic() + 20
    while not all(writer.refused >= 5 for writer in writers):
        assert time.monotonic() < deadline, "the disk was never full"
        time.sleep(0.05)
    Auditor(server).follow()

    server.kill()
    storm.end()

    if (server.data / "ballast").exists():  # a limit has gone with its process
        disk.clear()
    server.start()
    Auditor(server).audit(writers, accounts)
    with closing(Line(server.port)) as line:
        write(writers, line)
    Auditor(server).audit(writers, accounts)
