"""The services of a server on a database of their own, without HTTP, and with a clock that the test turns.

Deliberately does not know the PLC directory: the DIDs of its accounts are registered nowhere.
"""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from roost.crypto.keys import PrivateKey
from roost.data import cbor
from roost.data.cid import Cid
from roost.data.value import Value
from roost.lexicon import Catalog, parse_document
from roost.services.app_passwords import AppPasswords
from roost.services.caller import Caller, Scope
from roost.services.clock import Minter
from roost.services.keyring import Keyring
from roost.services.passwords import Passwords
from roost.services.policy import Policy
from roost.services.reading import Reading
from roost.services.repos import Repos, Written
from roost.services.sessions import Sessions
from roost.services.tokens import Tokens
from roost.services.writes import Records, removal
from roost.storage import accounts, events, heads, nodes, records
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.storage.opening import open_database
from roost.syntax import Did, Handle, Nsid, RecordKey
from support import slow_mst

MASTER = bytes(range(32))
SECRET = bytes(range(32, 64))
NOTE = Nsid.parse("com.example.note")
"""Records of this type are known: a text of at most 20 characters, and what the writer likes beside it."""

CATALOG = Catalog.of(
    [
        parse_document(
            {
                "lexicon": 1,
                "id": NOTE,
                "defs": {
                    "main": {
                        "type": "record",
                        "key": "tid",
                        "record": {
                            "type": "object",
                            "required": ["text"],
                            "properties": {"text": {"type": "string", "maxLength": 20}},
                        },
                    }
                },
            }
        )
    ]
)


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is turned."""

    micros: int = 1_790_000_000_000_000

    def __call__(self) -> int:
        """Return the time, as `Minter` asks for it."""
        return self.micros

    def turn(self, *, seconds: float) -> None:
        """Let time go by, or back."""
        self.micros += round(seconds * 1_000_000)


@dataclass(frozen=True, slots=True)
class House:
    """The services that the tests of several modules need; the others are made where they are tested."""

    db: Database
    policy: Policy
    clock: Clock = field(default_factory=Clock)
    keyring: Keyring = field(default_factory=lambda: Keyring(MASTER))
    passwords: Passwords = field(default_factory=Passwords)

    minter: Minter = field(init=False)
    tokens: Tokens = field(init=False)
    app_passwords: AppPasswords = field(init=False)
    sessions: Sessions = field(init=False)
    repos: Repos = field(init=False)
    records: Records = field(init=False)
    reading: Reading = field(init=False)

    def __post_init__(self) -> None:
        def make(name: str, service: object) -> None:
            object.__setattr__(self, name, service)

        make("minter", Minter(self.clock, clock_id=7))
        make("tokens", Tokens(SECRET, self.policy.did, lambda: self.minter.milliseconds() // 1000))
        make("app_passwords", AppPasswords(self.db, SECRET, self.minter))
        make("sessions", Sessions(self.db, self.tokens, self.passwords, self.minter, self.app_passwords))
        make("repos", Repos(self.db, self.keyring, self.minter))
        make("records", Records(CATALOG, self.minter))
        make("reading", Reading(self.db))

    async def account(self, name: str = "alice", *, password: str | None = None) -> Account:
        """Make an account with an empty repository; without a password, hashing one is saved."""
        did = did_of(name)
        key = self.keyring.seal_key(did, PrivateKey.generate())
        hashed = None if password is None else await self.passwords.hash(password)

        def add(tx: Tx) -> Account:
            id = accounts.add(
                tx,
                did=did,
                handle=Handle.parse(f"{name}.test"),
                email=f"{name}@mail.test",
                password=hashed,
                signing_key=key,
                now=self.minter.milliseconds(),
            )
            self.repos.begin(tx, id, did)
            account = accounts.by_id(tx, id)
            assert account is not None
            return account

        return await self.db.write(add)

    async def set_status(self, account: Account, status: str | None) -> None:
        """Give an account another status."""
        await self.db.write(lambda tx: tx.run("UPDATE account SET status = ? WHERE id = ?", status, account.id))

    async def put(self, account: Account, rkey: str, text: str = "hello") -> Written | None:
        """Put a note."""
        write = self.records.write("put", NOTE, RecordKey.parse(rkey), {"text": text}, validate=False)
        return await self.repos.write(account.id, [write])

    async def remove(self, account: Account, *rkeys: str) -> Written | None:
        """Take notes away, in one commit."""
        return await self.repos.write(account.id, [removal(NOTE, RecordKey.parse(rkey)) for rkey in rkeys])

    async def events(self, *, after: int = 0) -> list[tuple[str, dict[str, Value]]]:
        """Return the name and the body of every event in the log."""
        return [opened(frame) for _, frame in await self.db.read(lambda tx: events.after(tx, after, 10_000))]

    async def check_tree(self, account: Account) -> None:
        """Compare what is stored of a repository with the one tree that its records can have."""

        def read(tx: Tx) -> tuple[Cid, dict[bytes, Cid], dict[int, bytes]]:
            head = heads.get(tx, account.id)
            assert head is not None
            rows = tx.all("SELECT path, cid FROM record WHERE repo = ?", account.id)
            stored = tx.all("SELECT k, block FROM node WHERE k >> 32 = ?", account.id)
            return head.data, {path.encode(): Cid(cid) for path, cid in rows}, dict(stored)

        data, leaves, rows = await self.db.read(read)
        root, blocks = slow_mst.build(leaves)
        assert data == root
        assert sorted(rows.values()) == sorted(blocks.values())

    async def count(self, account: Account) -> tuple[int, int]:
        """Return how many records and how many nodes are stored of a repository."""
        return await self.db.read(lambda tx: (records.count(tx, account.id), nodes.count(tx, account.id)))


@asynccontextmanager
async def opened_house(
    path: Path, policy: Mapping[str, object] | None = None, *, url: str | None = None
) -> AsyncIterator[House]:
    """Open a house on the database in a folder, or at `url`; `policy` changes what the operator has decided."""
    clock = Clock()
    db = await open_database(url or f"sqlite:///{path / 'roost.sqlite'}", now=clock.micros // 1000)
    try:
        yield House(db, policy_of(**(policy or {})), clock)
    finally:
        await db.close()


def policy_of(**changed: object) -> Policy:
    """Return the rules of a server at pds.test."""
    usual: dict[str, object] = {
        "did": Did.parse("did:web:pds.test"),
        "hostname": "pds.test",
        "public_url": "https://pds.test",
        "domains": ("test",),
        "invite_required": False,
        "reset_url": "https://pds.test/reset",
    }
    return Policy(**(usual | changed))  # type: ignore[arg-type]  # each is of its field's type


def did_of(name: str) -> Did:
    """Return a DID that belongs to a name."""
    return Did.parse("did:plc:" + base64.b32encode(sha256(name.encode()).digest()[:15]).decode().lower())


def caller_of(account: Account, *, session: str | None = None) -> Caller:
    """Return an account as its token proves it."""
    return Caller(account.id, account.did, account.handle, Scope.ACCESS, session)


def opened(frame: bytes) -> tuple[str, dict[str, Value]]:
    """Return the name and the body of a frame; both its items must be canonical."""
    last = b"\x62op\x01"
    end = frame.index(last) + len(last)
    header, body = cbor.decode(frame[:end]), cbor.decode(frame[end:])
    assert isinstance(header, dict) and isinstance(body, dict)  # noqa: PT018 - a frame is two objects
    assert header["op"] == 1
    assert isinstance(header["t"], str)
    return header["t"], body
