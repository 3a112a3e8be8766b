"""`python -m bench.growth`: what becomes of a server as its repositories and its accounts grow.

For each size there is a server on a data directory of its own: filled, stopped, started again, and only then measured.
Repositories are filled over HTTP. Accounts beside the one that is measured are put into the database while the server
is stopped, each whole, with a key and a signed repository; signing them all up would take hours of hashing passwords.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, perf_counter
from typing import Final

import orjson
import uvloop

from bench import load, people, report
from bench.connection import Connection
from bench.requests import Person, get
from bench.scenarios import scenarios
from bench.server import ROOST, Server, process, two_free_ports, until_ready
from roost import datadir
from roost.app import open_server
from roost.config import load as settings
from roost.crypto.keys import PrivateKey
from roost.data import car
from roost.services.keyring import Keyring
from roost.services.repos import Repos
from roost.storage import accounts
from roost.storage.db import Tx
from roost.syntax import Did, Handle

RECORDS: Final = (100, 10_000, 1_000_000)
ACCOUNTS: Final = (1, 1_000, 100_000)
OWN_RECORDS: Final = 1_000
"""Records of the account that is measured among many."""

FEWEST: Final = 100
"""Records that a repository must have: two full pages."""

OPERATIONS: Final = {"create": "createRecord/8/1", "get": "getRecord/8/1", "list": "listRecords.50/8/1"}
AT_ONCE: Final = 500
"""Accounts put into the database in one transaction."""

COLUMNS: Final = (
    f"{'records':>10}{'accounts':>10}{'ready s':>9}{'idle MB':>9}{'create us':>11}{'get us':>9}{'list us':>9}"
    f"{'getRepo s':>11}{'first ms':>10}{'peak MB':>9}{'disk MB':>9}"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One size. `cpu_us` is the server's processor time for an operation, in microseconds; `ready` and `export` are in
    seconds, `first_byte` is until the export began; memory and disk are in bytes, `peak` is the most after all loads.
    """

    records: int
    accounts: int
    ready: float
    idle: int
    cpu_us: dict[str, float]
    export: float
    first_byte: float
    peak: int
    disk: int

    def line(self) -> str:
        """Return it as a line of the table."""
        each = "".join(f"{self.cpu_us[name]:>{width},.0f}" for name, width in (("create", 11), ("get", 9), ("list", 9)))
        return (
            f"{self.records:>10,}{self.accounts:>10,}{self.ready:>9.2f}{self.idle / 1e6:>9.0f}{each}"
            f"{self.export:>11.2f}{self.first_byte * 1e3:>10.1f}{self.peak / 1e6:>9.0f}{self.disk / 1e6:>9.0f}"
        )


def main() -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--records", type=int, nargs="*", default=RECORDS, metavar="N", help="sizes of a repository")
    parser.add_argument("--accounts", type=int, nargs="*", default=ACCOUNTS, metavar="N", help="numbers of accounts")
    parser.add_argument("--seconds", type=float, default=2.5, help="how long each load counts (default 2.5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument(
        "--data", type=Path, default=Path("/var/tmp"), metavar="DIR", help="a folder on the disk to use"
    )
    options = parser.parse_args()
    if any(records < FEWEST for records in options.records):
        parser.error(f"a repository has to have {FEWEST} records at least")
    sizes = [(records, 1) for records in options.records] + [(OWN_RECORDS, number) for number in options.accounts]
    folder = Path(tempfile.mkdtemp(prefix="roost-growth-", dir=options.data))
    try:
        facts = report.facts(folder)
        for name, fact in facts.items():
            print(f"{name + ':':<14}{fact}")
        print(f"\n{COLUMNS}", flush=True)
        rows = []
        for records, number in sizes:
            rows.append(_size(folder / f"{records}-{number}", records, number, options.seconds))
            print(rows[-1].line(), flush=True)
    finally:
        shutil.rmtree(folder)
    for told in compared(rows):
        print(told)
    if options.json:
        found = {"facts": facts, "rows": [asdict(row) for row in rows]}
        options.json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    return 0


def compared(rows: Sequence[Row]) -> list[str]:
    """Return how the dearest createRecord compares with the cheapest, over repositories and over accounts."""
    told = []
    for name, group in (("records", [row for row in rows if row.accounts == 1]), ("accounts", rows)):
        costs = {getattr(row, name): row.cpu_us["create"] for row in group}
        if len(costs) > 1:
            (small, least), (large, most) = min(costs.items()), max(costs.items())
            told.append(f"createRecord at {large:,} {name} costs {most / least:.2f} times what it does at {small:,}")
    return told


def _size(folder: Path, records: int, number: int, seconds: float) -> Row:
    folder.mkdir()
    port = two_free_ports()
    with _running(folder, port) as server:
        person = uvloop.run(_fill(server, records))
    if number > 1:
        uvloop.run(_crowd(folder / "data", number - 1))
    with _running(folder, port) as server:
        row = uvloop.run(_measure(server, person, number, seconds))
    shutil.rmtree(folder)
    return row


def _running(folder: Path, port: int) -> AbstractContextManager[Server]:
    """Run the server; always on its port, which is part of its name."""
    return process([ROOST, "serve", "--dev", "--port", str(port), "--data", str(folder / "data")], port, folder)


async def _fill(server: Server, records: int) -> Person:
    await until_ready(server)
    (person,) = await people.sign_up(server, 1)
    return await people.with_records(server, person, records)


async def _crowd(data: Path, number: int) -> None:
    """Put accounts into the database of a server that is stopped. Their DIDs are in no directory."""
    keyring = Keyring(datadir.master_key(data))
    async with open_server(settings(flags={"dev": True, "data": data, "plc_url": "http://127.0.0.1:9"})) as server:
        repos = server.get(Repos)
        for start in range(0, number, AT_ONCE):

            def add(tx: Tx, start: int = start) -> None:
                for n in range(start, min(number, start + AT_ONCE)):
                    did = Did.parse(f"did:plc:{n:024d}".translate(_DIGITS))
                    key = keyring.seal_key(did, PrivateKey.generate())
                    handle = Handle.parse(f"crowd{n}.test")
                    account = accounts.add(
                        tx, did=did, handle=handle, email=None, password=None, signing_key=key, now=_now()
                    )
                    repos.begin(tx, account, did)

            await server.db.write(add)


_DIGITS: Final = str.maketrans("0189", "abcd")
"""A did:plc is written in base32, which has none of these."""


def _now() -> int:
    return int(monotonic() * 1000) + 1_700_000_000_000


async def _measure(server: Server, person: Person, number: int, seconds: float) -> Row:
    ready, idle = await until_ready(server), server.rss()
    loads = {each.label: each for each in scenarios()}
    cpu_us = {}
    for name, label in OPERATIONS.items():
        source = loads[label].source([person])
        measured = await load.run(server, source, connections=loads[label].connections, seconds=seconds)
        assert not measured.failures, measured.told
        cpu_us[name] = measured.cpu_each * 1e6
    connection = await Connection.open(server.host, server.port)
    started = perf_counter()
    answer = await connection.ask(get(f"/xrpc/com.atproto.sync.getRepo?did={person.did}"))
    export = perf_counter() - started
    connection.close()
    blocks = len(car.read(answer.body, max_blocks=1 << 24, max_bytes=len(answer.body)).blocks)
    assert answer.status == 200, answer.status
    assert blocks > len(person.keys), "an export has every record"
    disk = sum(file.stat().st_size for file in server.data.rglob("*") if file.is_file())
    return Row(
        records=len(person.keys),
        accounts=number,
        ready=ready,
        idle=idle,
        cpu_us=cpu_us,
        export=export,
        first_byte=answer.first_byte - started,
        peak=server.peak_rss(),
        disk=disk,
    )


if __name__ == "__main__":
    sys.exit(main())
