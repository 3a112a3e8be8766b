"""The data directory of a reference server, read and never written to (spec sections 9.1 and 9.2).

    account.sqlite  sequencer.sqlite  actors/<2 hex>/<did>/{store.sqlite,key}  blobs/<did>/<cid>  blobs/quarantine/…

A database that was closed is opened as an immutable file, so that not even a lock appears beside it. One with a log was
not: the server runs, or was killed. The first is refused, of the second a copy is read. Deliberately does not know what
is made of the rows.
"""

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote

import msgspec

from roost.data.cid import Cid
from roost.data.errors import InvalidCid
from roost.storage.db import Row, Value
from roost.storage.errors import ReferenceInUse, ReferenceUnreadable
from roost.syntax import Did

ACCOUNTS: Final = "account.sqlite"
SEQUENCER: Final = "sequencer.sqlite"
STORE: Final = "store.sqlite"


class ReferenceAccount(msgspec.Struct, frozen=True):
    """An account as the reference server keeps it; `password` is `salt:hash`, times are in milliseconds since 1970."""

    did: str
    handle: str | None
    email: str | None
    password: str | None
    created_at: int
    email_confirmed_at: int | None
    takedown_ref: str | None
    deactivated_at: int | None
    delete_after: int | None
    invites_disabled: bool


class ReferenceAppPassword(msgspec.Struct, frozen=True):
    """An app password; `hash` is the scrypt hash in hexadecimal, its salt follows of the DID."""

    name: str
    hash: str
    created_at: int
    privileged: bool


class ReferenceInvite(msgspec.Struct, frozen=True):
    """A code, how often it could be used in all, and who used it when."""

    code: str
    available: int
    disabled: bool
    for_account: str
    created_by: str
    created_at: int
    used: tuple[tuple[str, int], ...]


class ReferenceBlob(msgspec.Struct, frozen=True):
    """A blob; `temporary` if no record has referred to it yet."""

    cid: Cid
    mime_type: str
    size: int
    temporary: bool
    takedown_ref: str | None


class ReferenceData:
    """A data directory; `blobs` is where its blobs are, None where they are elsewhere. To be closed."""

    def __init__(self, folder: Path, *, actors: Path | None = None, blobs: Path | None = None) -> None:
        """Raises ReferenceUnreadable for a folder that is not one, and ReferenceInUse."""
        self.folder = folder
        self._actors = actors or folder / "actors"
        self._blobs = blobs
        self._copies = TemporaryDirectory(prefix="roost-reference-")
        try:
            self._db = _Db(folder / ACCOUNTS, Path(self._copies.name), shared=True)
        except BaseException:
            self._copies.cleanup()
            raise

    def close(self) -> None:
        """Close every file."""
        self._db.close()
        self._copies.cleanup()

    @property
    def uncleanly_closed(self) -> bool:
        """Whether the server was killed: what it had written is read all the same."""
        return self._db.copied

    def accounts(self) -> Iterator[ReferenceAccount]:
        """Yield every account, the oldest first."""
        for row in self._db.rows(
            "SELECT actor.did, actor.handle, account.email, account.passwordScrypt, actor.createdAt,"
            " account.emailConfirmedAt, actor.takedownRef, actor.deactivatedAt, actor.deleteAfter,"
            " account.invitesDisabled FROM actor LEFT JOIN account ON account.did = actor.did"
            " ORDER BY actor.createdAt, actor.did"
        ):
            did, handle, email, password, created, confirmed, takedown, deactivated, delete_after, off = row
            yield ReferenceAccount(
                did, handle, email, password, _ms(created) or 0, _ms(confirmed), takedown, _ms(deactivated),
                _ms(delete_after), bool(off),
            )  # fmt: skip

    def app_passwords(self, did: Did) -> list[ReferenceAppPassword]:
        """Return an account's app passwords."""
        rows = self._db.rows(
            "SELECT name, passwordScrypt, createdAt, privileged FROM app_password WHERE did = ? ORDER BY name", did
        )
        return [
            ReferenceAppPassword(name, _app_hash(hashed), _ms(made) or 0, bool(full))
            for name, hashed, made, full in rows
        ]

    def invites(self) -> Iterator[ReferenceInvite]:
        """Yield every invite code."""
        used: dict[str, list[tuple[str, int]]] = {}
        for code, did, at in self._db.rows("SELECT code, usedBy, usedAt FROM invite_code_use ORDER BY usedAt"):
            used.setdefault(code, []).append((did, _ms(at) or 0))
        for code, available, disabled, owner, maker, made in self._db.rows(
            "SELECT code, availableUses, disabled, forAccount, createdBy, createdAt FROM invite_code ORDER BY createdAt"
        ):
            yield ReferenceInvite(
                code, available, bool(disabled), owner, maker, _ms(made) or 0, tuple(used.get(code, ()))
            )

    def last_seq(self) -> int:
        """Return the last sequence number that was given out, 0 where there is no log."""
        if not (self.folder / SEQUENCER).exists():
            return 0
        with closing(_Db(self.folder / SEQUENCER, Path(self._copies.name), shared=True)) as db:
            # The counter outlives rows that were removed.
            rows = db.rows(
                "SELECT seq FROM sqlite_sequence WHERE name = 'repo_seq' UNION ALL SELECT max(seq) FROM repo_seq"
            )
            return max([int(row[0]) for row in rows if row[0] is not None], default=0)

    def reserved_keys(self) -> int:
        """Return how many signing keys were reserved for accounts to come."""
        folder = self._actors / "reserved_keys"
        return len(list(folder.iterdir())) if folder.is_dir() else 0

    def actor(self, did: Did) -> "ReferenceActor":
        """Open what is one account's own; to be closed. Raises ReferenceUnreadable, ReferenceInUse."""
        folder = self._actors / sha256(did.encode()).hexdigest()[:2] / did
        return ReferenceActor(folder, Path(self._copies.name))

    def blob_path(self, did: Did, cid: Cid) -> Path | None:
        """Return the file of a blob, also of one that was taken down; None where there is none."""
        if self._blobs is None:
            return None
        for path in (self._blobs / did / str(cid), self._blobs / "quarantine" / did / str(cid)):
            if path.is_file():
                return path
        return None


class ReferenceActor:
    """One account's repository, blobs and preferences, and the key that it is signed with."""

    def __init__(self, folder: Path, copies: Path) -> None:
        self._folder = folder
        self._db = _Db(folder / STORE, copies)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def key(self) -> bytes:
        """Return the private signing key. Raises ReferenceUnreadable."""
        try:
            return (self._folder / "key").read_bytes()
        except OSError as error:
            raise ReferenceUnreadable(f"{self._folder / 'key'} cannot be read: {error.strerror}") from error

    def root(self) -> Cid | None:
        """Return the CID of the current commit."""
        for (text,) in self._db.rows("SELECT cid FROM repo_root"):
            return _cid(text)
        return None

    def block(self, cid: Cid) -> bytes | None:
        """Return a block whose bytes are the ones that its CID names, or None."""
        for (content,) in self._db.rows("SELECT content FROM repo_block WHERE cid = ?", str(cid)):
            if cid.names(content):
                return bytes(content)
        return None

    def records(self) -> int:
        """Return how many records the server thought there were."""
        return int(next(self._db.rows("SELECT count(*) FROM record"))[0])

    def taken_down(self) -> list[tuple[str, str]]:
        """Return the paths of records that were taken down, with the reference given."""
        rows = self._db.rows("SELECT collection, rkey, takedownRef FROM record WHERE takedownRef IS NOT NULL")
        return [(f"{collection}/{rkey}", ref) for collection, rkey, ref in rows]

    def blobs(self) -> Iterator[ReferenceBlob]:
        """Yield every blob that was uploaded."""
        for cid, mime_type, size, temporary, takedown in self._db.rows(
            "SELECT cid, mimeType, size, tempKey, takedownRef FROM blob ORDER BY cid"
        ):
            yield ReferenceBlob(_cid(cid), mime_type, size, temporary is not None, takedown)

    def preferences(self) -> list[tuple[str, str]]:
        """Return preferences as name and JSON, in the order in which they were set."""
        return [(name, value) for name, value in self._db.rows("SELECT name, valueJson FROM account_pref ORDER BY id")]


class _Db:
    """A database that nobody else may have open."""

    def __init__(self, path: Path, copies: Path, *, shared: bool = False) -> None:
        """A `shared` one is open for as long as its server runs; others are opened for a request."""
        if not path.is_file():
            raise ReferenceUnreadable(f"{path} is not there: this is not the data directory of a reference server")
        if shared and _is_open(path):
            raise ReferenceInUse(f"{path} is open in another process: stop the reference server first")
        log = path.with_name(f"{path.name}-wal")
        self.copied = log.exists() and log.stat().st_size > 0
        self._path = _copy(path, log, copies) if self.copied else path
        mode = "mode=rw" if self.copied else "mode=ro&immutable=1"
        try:
            url = f"file:{quote(str(self._path.absolute()))}?{mode}"
            self._db = sqlite3.connect(url, uri=True, check_same_thread=False)
            self._db.execute("SELECT 1 FROM sqlite_master")
        except sqlite3.Error as error:
            raise ReferenceUnreadable(f"{path} cannot be read: {error}") from error

    def close(self) -> None:
        self._db.close()

    def rows(self, sql: str, *args: Value) -> Iterator[Row]:
        try:
            yield from self._db.execute(sql, args)
        except sqlite3.Error as error:
            raise ReferenceUnreadable(f"{self._path} is not as expected: {error}") from error


def _copy(path: Path, log: Path, copies: Path) -> Path:
    folder = copies / sha256(str(path).encode()).hexdigest()[:16]
    folder.mkdir(exist_ok=True)
    shutil.copy(path, folder)
    shutil.copy(log, folder)
    return folder / path.name


def _is_open(path: Path) -> bool:
    """Return whether a process that can be looked at has the file open; on systems without /proc nobody can say."""
    wanted = path.stat()
    for process in Path("/proc").glob("[0-9]*/fd"):
        if process.parent.name == str(os.getpid()):
            continue
        with suppress(OSError):  # it has ended, or is somebody else's
            for file in os.listdir(process):  # noqa: PTH208 - a Path each would take as long again
                with suppress(OSError):  # it was closed
                    found = os.stat(process / file)  # noqa: PTH116 - as above
                    if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                        return True
    return False


def _app_hash(text: str) -> str:
    hashed = text.rpartition(":")[2]
    if not re.fullmatch(r"[0-9a-f]{128}", hashed):
        raise ReferenceUnreadable("an app password's hash is not one")
    return hashed


def _cid(text: str) -> Cid:
    try:
        return Cid.parse(text)
    except InvalidCid as error:
        raise ReferenceUnreadable(f"a row names what is not a CID: {error}") from error


def _ms(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ReferenceUnreadable(f"a row has what is not a time: {text!r}") from error
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
