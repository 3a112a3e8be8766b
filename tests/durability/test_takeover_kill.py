"""A takeover of a reference server that is killed anywhere: run again, it ends as if nothing had been."""

import random
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from roost.crypto.keys import PrivateKey
from roost.data import cbor
from roost.data.cid import Cid
from roost.repo import Create
from support.command import PROGRAM, environment, program
from support.house import did_of
from support.reference_data import WHEN, ReferenceDirectory
from support.repos import MemoryRepo, record
from support.server import running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NAMES = ("alice", "bobby", "carol", "david", "emily", "frank")
RESIGNED, GONE = "carol", "david"
"""One whose commit another key has signed, and one who is deactivated."""

RECORDS = 1000
ROUNDS = 2
"""Kills, each of an import of its own: so many after each account that is there, from the first moment on."""

KEY = PrivateKey.from_bytes(bytes(31) + b"\x09")
SETTINGS = f"PDS_HOSTNAME=localhost\nPDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX={KEY.to_bytes().hex()}\n"

Row = tuple[object, ...]

OWN: Final[dict[str, set[str]]] = {
    "account": {"signing_key", "signing_key_at", "identity_due_at"},
    "audit": {"id", "at"},
    "blob": {"object"},
    "event": {"seq", "time", "frame"},
    "head": {"cid", "rev", "block"},
    "node": {"rev"},
    "past_commit": {"cid", "rev"},
    "record": {"rev"},
    "record_blob": {"rev"},
    "schema_version": {"applied_at"},
    "secret": {"sealed"},
    "sequence": {"floor", "last"},
}
"""What two undisturbed imports differ in: times of now, sealed keys, names of objects, what follows of a new commit."""


def reference(folder: Path) -> dict[str, MemoryRepo]:
    """Make the directory of a reference server, and return the repositories in it by their owners' names."""
    made, repos = ReferenceDirectory(folder), {}
    for number, name in enumerate(NAMES):
        repo = repos[name] = MemoryRepo(did_of(name), PrivateKey.generate())
        pictures = [b"%d of %d " % (n, number) * 20_000 for n in range(5)]
        blobs = [
            {"$type": "blob", "ref": Cid.of_raw(each), "mimeType": "text/plain", "size": len(each)} for each in pictures
        ]
        records = [Create(f"com.example.record/{n:05d}", record(n)) for n in range(RECORDS)]
        repo.commit(*records, Create("com.example.album/all", cbor.encode({"pictures": blobs})))  # type: ignore[dict-item]
        made.add(repo, f"{name}.test", deactivated=WHEN if name == GONE else None)
        for each in pictures:
            made.add_blob(repo.did, each)
        made.add_app_password(repo.did, "phone", "abcd-efgh-ijkl-mnop")
    made.set_key(repos[RESIGNED].did, PrivateKey.generate())
    made.set_seq(5000)
    made.run_accounts("INSERT INTO invite_code VALUES ('code', 3, 0, 'admin', 'admin', ?)", WHEN)
    (folder / "pds.env").write_text(SETTINGS)
    return repos


def words(source: Path, data: Path) -> list[str | Path]:
    """Return the command."""
    return ["import-reference", source, "--data", data, "--dev"]


def kept(data: Path) -> dict[str, list[Row]]:
    """Return what is in the tables of a data directory, but for what is each import's own."""
    with closing(sqlite3.connect(data / "roost.sqlite")) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for table in tables:
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            chosen = ", ".join(column for column in columns if column not in OWN.get(table, ()))
            found[table] = sorted(db.execute(f"SELECT {chosen} FROM {table}").fetchall(), key=repr)
    # Objects of an account that did not come to be wait there for a day, and each run is noted.
    del found["doomed_object"], found["sqlite_sequence"]
    found["audit"] = [row for row in found["audit"] if "did:plc:" in repr(row)]
    return found


def objects(data: Path) -> tuple[set[str], set[str]]:
    """Return the names of the objects that are stored, and of those that the database knows."""
    with closing(sqlite3.connect(data / "roost.sqlite")) as db:
        sql = "SELECT object FROM blob WHERE object IS NOT NULL UNION SELECT object FROM doomed_object"
        known = {row[0] for row in db.execute(sql)}
    stored = {path.name for path in (data / "blobs").rglob("*") if path.is_file() and path.parent.name != "incoming"}
    return stored, known


def test_it_is_killed_anywhere(tmp_path: Path) -> None:
    """Whatever was done is kept, whatever was not is done by the next run, and nothing is left lying about."""
    repos = reference(tmp_path / "reference")
    done = program(*words(tmp_path / "reference", tmp_path / "whole" / "pds"))
    assert done.code == 0, done.err
    wanted = kept(tmp_path / "whole" / "pds")
    assert len(wanted["record"]) == len(NAMES) * (RECORDS + 1)

    there = set()
    for number in range(ROUNDS * len(NAMES)):
        base = tmp_path / str(number)
        base.mkdir()
        there.add(killed(tmp_path / "reference", base / "pds", number % len(NAMES)))
        again = program(*words(tmp_path / "reference", base / "pds"))

        assert again.code == 0, again.err
        assert kept(base / "pds") == wanted
        stored, known = objects(base / "pds")
        assert stored <= known, "every object is a blob's, or on the list of those that go"
    assert len(there) > len(NAMES) // 2, "kills came where they should"

    assert program("blob", "verify", "--data", base / "pds").code == 0
    assert KEY.public.did_key in program("key", "show", "alice.test", "--data", base / "pds").out
    check(base, repos)


def killed(source: Path, data: Path, after: int) -> int:
    """Begin an import and kill it when so many accounts are there, or a little later; return how many there are."""
    process = subprocess.Popen(
        [PROGRAM, *words(source, data)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    )
    while process.poll() is None and accounts(data) < after:
        time.sleep(0.005)
    time.sleep(random.uniform(0, 0.1 if after else 1.0))
    process.kill()
    process.wait()
    return accounts(data)


def accounts(data: Path) -> int:
    """Return how many accounts a data directory has, which may not even be one yet."""
    try:
        with closing(sqlite3.connect(f"file:{data}/roost.sqlite?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM account").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def check(base: Path, repos: dict[str, MemoryRepo]) -> None:
    """See that a server serves what came of it: repositories to the last byte, but of the one that was signed anew."""
    with running(base) as roost:
        for name, repo in repos.items():
            if name != GONE:
                found = roost.get("com.atproto.sync.getLatestCommit", did=repo.did).json()
                assert repo.head is not None
                assert (found["cid"] == str(repo.head.cid)) == (name != RESIGNED)
