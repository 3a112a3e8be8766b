"""A house in a network: a real PLC directory behind a gate that can be shut, a did:web, and DNS as a dict.

For services that talk to directories. Deliberately does not know HTTP methods of ours; `support.server` does.
"""

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roost.crypto.keys import PrivateKey
from roost.devnet import plc as devnet
from roost.devnet.serving import serve
from roost.identity import plc
from roost.net.client import Client
from roost.net.plc import PlcDirectory
from roost.net.resolve import DidResolver, HandleResolver
from roost.services.background import Background
from roost.services.budget import Budget
from roost.services.clock import Minter
from roost.services.did_check import DidCheck
from roost.services.documents import Documents
from roost.services.handles import Handles
from roost.services.identity import Identity
from roost.services.identity_changes import IdentityChanges
from roost.services.key_rotation import KeyRotation
from roost.services.mail_tokens import MailTokens
from roost.services.plc_operations import PlcOperations
from roost.services.refresh import Refresh
from roost.services.upkeep import Upkeep
from roost.storage import accounts
from roost.storage.accounts import Account
from roost.storage.db import Tx
from roost.storage.sqlite import SqliteDatabase
from roost.syntax import Did, Handle
from support.house import House, opened_house
from support.outbox import Outbox

ROTATION = PrivateKey.from_bytes(bytes(31) + b"\x02")
"""The key with which the server of the house may change DIDs."""

OWNER = PrivateKey.from_bytes(bytes(31) + b"\x03")
"""A rotation key that somebody has at home."""

Instead = Callable[[str, str], Awaitable[Response | None]]
"""Gives what is answered to a verb and a path instead of the directory's own answer; None lets that through."""


async def _as_usual(_verb: str, _path: str) -> Response | None:
    return None


@dataclass
class Gate:
    """What stands in front of the directory: `before` answers without asking it, `after` once it has done its part."""

    app: ASGIApp
    before: Instead = _as_usual
    after: Instead = _as_usual
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        verb, path = scope["method"], scope["path"].removeprefix("/plc")
        self.asked.append((verb, path))
        instead = await self.before(verb, path)
        if instead is None:
            kept: list[Message] = []

            async def keep(message: Message) -> None:
                kept.append(message)

            await self.app(scope, receive, keep)
            instead = await self.after(verb, path)
            if instead is None:
                for message in kept:
                    await send(message)
                return
        await instead(scope, receive, send)

    def posted(self) -> int:
        """Return how many operations were submitted."""
        return sum(verb == "POST" for verb, _ in self.asked)


@dataclass
class Dns:
    """Whether DNS answers at all."""

    broken: bool = False


@dataclass(frozen=True)
class Town:
    """The house, and what is around it. `txt` is what DNS says, `web` what the host of the did:web serves."""

    house: House
    gate: Gate
    client: Client
    directory: PlcDirectory
    resolver: DidResolver
    handles: HandleResolver
    check: DidCheck
    background: Background
    changes: IdentityChanges
    renaming: Handles
    operations: PlcOperations
    outbox: Outbox
    identity: Identity
    upkeep: Upkeep
    refresh: Refresh
    dns: Dns
    rotation: KeyRotation
    web_did: Did
    txt: dict[str, list[str]]
    web: dict[str, object]

    async def resident(self, name: str = "alice", *, recovery: tuple[PrivateKey, ...] = ()) -> Account:
        """Make an account with a DID that the directory knows; `recovery` are its owner's own rotation keys."""
        key, handle = PrivateKey.generate(), Handle.parse(f"{name}.test")
        state = plc.account_state(
            signing_key=key.public.did_key,
            rotation_keys=tuple(each.public.did_key for each in (*recovery, ROTATION)),
            handle=handle,
            pds=self.house.policy.public_url,
        )
        operation = plc.genesis(state, ROTATION)
        did = plc.did_of(operation)
        await self.directory.submit(did, operation)
        return await self._add(did, handle, key)

    async def web_resident(self, name: str = "webster") -> Account:
        """Make the account of the did:web, and have its host serve what it must."""
        key, handle = PrivateKey.generate(), Handle.parse(f"{name}.test")
        account = await self._add(self.web_did, handle, key)
        self.web.update(document(self.web_did, handle, key.public.did_key, self.house.policy.public_url))
        return account

    async def _add(self, did: Did, handle: Handle, key: PrivateKey) -> Account:
        sealed = self.house.keyring.seal_key(did, key)

        def add(tx: Tx) -> Account:
            id = accounts.add(
                tx,
                did=did,
                handle=handle,
                email=f"{handle}@mail.test",
                password=None,
                signing_key=sealed,
                now=self.house.minter.milliseconds(),
            )
            self.house.repos.begin(tx, id, did)
            account = accounts.by_id(tx, id)
            assert account is not None
            return account

        return await self.house.db.write(add)

    async def state(self, account: Account) -> plc.State:
        """Return what the directory says of an account."""
        return await self.directory.data(account.did)

    async def change(self, account: Account, key: PrivateKey, change: Callable[[plc.State], plc.State]) -> None:
        """Change a DID past the server, as whoever holds the key can."""
        last = await self.directory.last(account.did)
        assert isinstance(last, plc.Operation)
        await self.directory.submit(account.did, plc.update(last, change(last.state), key))

    async def now(self, account: Account) -> Account:
        """Return the account as it stands."""
        found = await self.house.db.read(lambda tx: accounts.by_id(tx, account.id))
        assert found is not None
        return found


def document(did: Did, handle: str, key: str, endpoint: str) -> Mapping[str, object]:
    """Return the document of a did:web as its owner writes it."""
    return {
        "id": did,
        "alsoKnownAs": [f"at://{handle}"],
        "verificationMethod": [
            {"id": "#atproto", "type": "Multikey", "controller": did, "publicKeyMultibase": key[len("did:key:") :]}
        ],
        "service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": endpoint}],
    }


@asynccontextmanager
async def opened_town(path: Path, *, timeout: float = 5.0, **policy: object) -> AsyncIterator[Town]:
    """Open a town; `timeout` is how long the directory is waited for, `policy` changes what the operator decided."""
    web: dict[str, object] = {}
    txt: dict[str, list[str]] = {}

    async def did_json(_request: Request) -> Response:
        return JSONResponse(web) if web else JSONResponse({}, 404)

    dns = Dns()

    async def lookup(name: str) -> list[str]:
        if dns.broken:
            raise OSError("SERVFAIL")
        return txt.get(name.removeprefix("_atproto."), [])

    (path / "plc").mkdir()
    plc_db = SqliteDatabase(path / "plc" / "plc.sqlite")
    gate = Gate(await devnet.directory(plc_db, clock=lambda: datetime.now(UTC)))
    app = Starlette(routes=[Route("/.well-known/did.json", did_json), Mount("/plc", gate)])
    try:
        async with serve(app) as served, opened_house(path, policy) as house:
            client = Client(trusted=[served.url, f"http://localhost:{served.port}"])
            directory = PlcDirectory(client, f"{served.url}/plc", timeout=timeout)
            background = Background()
            documents = Documents(house.db, background, house.minter)
            resolver = DidResolver(client, directory, clock=lambda: _time(house.minter), store=documents)
            handles = HandleResolver(client, txt=lookup, origin_of=lambda handle: f"{served.url}/{handle}")
            check = DidCheck(house.policy, directory, resolver, house.repos, rotation_key=ROTATION.public.did_key)
            web_did = Did.parse(f"did:web:localhost%3A{served.port}")
            changes = IdentityChanges(
                house.db,
                house.policy,
                house.keyring,
                ROTATION,
                directory,
                resolver,
                house.repos,
                background,
                house.minter,
            )
            renaming = Handles(house.db, house.policy, changes, resolver, handles, house.minter)
            budget = Budget(house.minter.milliseconds)
            identity = Identity(house.db, house.policy, resolver, handles, budget)
            upkeep = Upkeep(house.db, house.policy, changes, renaming, resolver, handles, documents, house.minter)
            refresh = Refresh(house.db, identity, upkeep, budget, house.minter)
            outbox = Outbox()
            tokens = MailTokens(house.db, house.policy, outbox, background, house.minter)
            operations = PlcOperations(house.db, house.policy, changes, house.repos, tokens)
            yield Town(
                house,
                gate,
                client,
                directory,
                resolver,
                handles,
                check,
                background,
                changes,
                renaming,
                operations,
                outbox,
                identity,
                upkeep,
                refresh,
                dns,
                KeyRotation(house.db, changes),
                web_did,
                txt,
                web,
            )
            await background.drain()
            await resolver.close()
            await client.close()
    finally:
        await plc_db.close()


def _time(minter: Minter) -> datetime:
    return datetime.fromtimestamp(minter.milliseconds() / 1000, UTC)


def without(state: plc.State, key: PrivateKey) -> plc.State:
    """Return a state in which a key may no longer change the DID."""
    return dataclasses.replace(
        state, rotation_keys=tuple(each for each in state.rotation_keys if each != key.public.did_key)
    )
