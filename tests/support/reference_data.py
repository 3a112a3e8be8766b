"""A reference server's data directory, made by hand: its tables as its own migrations leave them, and what is in them.

For tests without npm; `tests/interop` has the real thing. Deliberately does not know what is read out of it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

from roost.crypto import password
from roost.crypto.keys import PrivateKey
from roost.data.cid import Cid
from roost.syntax import Did
from support.repos import MemoryRepo

WHEN = "2024-05-06T07:08:09.123Z"
WHEN_MS = 1_714_979_289_123

ACCOUNT_TABLES = """
CREATE TABLE actor (did varchar PRIMARY KEY, handle varchar, createdAt varchar NOT NULL, takedownRef varchar,
  deactivatedAt varchar, deleteAfter varchar);
CREATE TABLE account (did varchar PRIMARY KEY, email varchar NOT NULL, passwordScrypt varchar NOT NULL,
  emailConfirmedAt varchar, invitesDisabled int2 NOT NULL DEFAULT 0);
CREATE TABLE app_password (did varchar NOT NULL, name varchar NOT NULL, passwordScrypt varchar NOT NULL,
  createdAt varchar NOT NULL, privileged int2 NOT NULL DEFAULT 0, PRIMARY KEY (did, name));
CREATE TABLE invite_code (code varchar PRIMARY KEY, availableUses integer NOT NULL, disabled int2 DEFAULT 0,
  forAccount varchar NOT NULL, createdBy varchar NOT NULL, createdAt varchar NOT NULL);
CREATE TABLE invite_code_use (code varchar NOT NULL, usedBy varchar NOT NULL, usedAt varchar NOT NULL,
  PRIMARY KEY (code, usedBy));
"""
SEQUENCER_TABLES = "CREATE TABLE repo_seq (seq integer PRIMARY KEY AUTOINCREMENT, did varchar NOT NULL)"
ACTOR_TABLES = """
CREATE TABLE repo_root (did varchar PRIMARY KEY, cid varchar NOT NULL, rev varchar NOT NULL,
  indexedAt varchar NOT NULL);
CREATE TABLE repo_block (cid varchar PRIMARY KEY, repoRev varchar NOT NULL, size integer NOT NULL,
  content blob NOT NULL);
CREATE TABLE record (uri varchar PRIMARY KEY, cid varchar NOT NULL, collection varchar NOT NULL, rkey varchar NOT NULL,
  repoRev varchar NOT NULL, indexedAt varchar NOT NULL, takedownRef varchar);
CREATE TABLE blob (cid varchar PRIMARY KEY, mimeType varchar NOT NULL, size integer NOT NULL, tempKey varchar,
  width integer, height integer, createdAt varchar NOT NULL, takedownRef varchar);
CREATE TABLE account_pref (id integer PRIMARY KEY AUTOINCREMENT, name varchar NOT NULL, valueJson text NOT NULL);
"""


class ReferenceDirectory:
    """The directory, to be filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = folder / "blobs"
        self.blobs.mkdir(parents=True)
        for name, tables in (("account.sqlite", ACCOUNT_TABLES), ("sequencer.sqlite", SEQUENCER_TABLES)):
            with self.open(folder / name) as db:
                db.executescript(tables)

    @contextmanager
    def open(self, path: Path) -> Iterator[sqlite3.Connection]:
        """Open a database, and leave it as a server does that was stopped."""
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            yield db
            db.commit()

    def home(self, did: str) -> Path:
        """Return where an account's own part is."""
        return self.folder / "actors" / sha256(did.encode()).hexdigest()[:2] / did

    def add(self, repo: MemoryRepo, handle: str | None, text: str = "reference password", **states: str | None) -> None:
        """Add an account with a repository, whose signing key is the repository's."""
        salt = sha256(handle.encode() if handle else b"").hexdigest()[:32]
        hashed = f"{salt}:{password.scrypt_hash(text, salt).hex()}"
        with self.open(self.folder / "account.sqlite") as db:
            kept = [states.get(name) for name in ("takedown", "deactivated", "delete_after")]
            db.execute("INSERT INTO actor VALUES (?, ?, ?, ?, ?, ?)", (repo.did, handle, WHEN, *kept))
            row = (repo.did, f"{handle}@MAIL.dev", hashed, states.get("confirmed"))
            db.execute("INSERT INTO account VALUES (?, ?, ?, ?, 1)", row)
        home = self.home(repo.did)
        home.mkdir(parents=True)
        self.set_key(repo.did, repo.key)
        assert repo.head is not None
        with self.open(home / "store.sqlite") as db:
            db.executescript(ACTOR_TABLES)
            db.execute("INSERT INTO repo_root VALUES (?, ?, ?, ?)", (repo.did, str(repo.head.cid), repo.head.rev, WHEN))
            db.executemany(
                "INSERT INTO repo_block VALUES (?, ?, ?, ?)",
                [(str(cid), repo.head.rev, len(block), block) for cid, block in repo.blocks().items()],
            )
            for path, (cid, _) in repo.records.items():
                collection, _, rkey = path.partition("/")
                uri = f"at://{repo.did}/{path}"
                row_ = (uri, str(cid), collection, rkey, repo.head.rev, WHEN, None)
                db.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)", row_)

    def set_key(self, did: str, key: PrivateKey) -> None:
        """Write an account's signing key."""
        (self.home(did) / "key").write_bytes(key.to_bytes())

    def run(self, did: str, sql: str, *args: object) -> None:
        """Change something in an account's own part."""
        with self.open(self.home(did) / "store.sqlite") as db:
            db.execute(sql, args)

    def run_accounts(self, sql: str, *args: object) -> None:
        """Change something in what all share."""
        with self.open(self.folder / "account.sqlite") as db:
            db.execute(sql, args)

    def add_blob(self, did: str, content: bytes, *, temporary: bool = False, takedown: str | None = None) -> Cid:
        """Add a blob to an account."""
        cid = Cid.of_raw(content)
        place = self.blobs / "quarantine" if takedown else self.blobs
        (place / did).mkdir(parents=True, exist_ok=True)
        (place / did / str(cid)).write_bytes(content)
        row = (str(cid), "text/plain", len(content), "temp" if temporary else None, WHEN, takedown)
        self.run(did, "INSERT INTO blob VALUES (?, ?, ?, ?, NULL, NULL, ?, ?)", *row)
        return cid

    def add_app_password(self, did: Did, name: str, text: str) -> None:
        """Add an app password to an account."""
        salt = sha256(did.encode()).hexdigest()[:32]
        hashed = f"{salt}:{password.scrypt_hash(text, salt).hex()}"
        self.run_accounts("INSERT INTO app_password VALUES (?, ?, ?, ?, 1)", did, name, hashed, WHEN)

    def set_seq(self, last: int) -> None:
        """Let so many events have been told."""
        with self.open(self.folder / "sequencer.sqlite") as db:
            db.execute("INSERT INTO repo_seq VALUES (?, 'did:plc:x')", (last,))
            db.execute("DELETE FROM repo_seq")
