"""Making accounts, also when the PLC directory does not do its part."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from roost.crypto.keys import PrivateKey
from roost.identity import plc
from roost.net.plc import PlcDirectory
from roost.net.resolve import DidResolver
from roost.services.errors import (
    EmailNotAvailable,
    HandleNotAvailable,
    InvalidHandle,
    InvalidInviteCode,
    InvalidPassword,
    InvalidRequest,
    ServiceError,
    UnsupportedDomain,
    UpstreamFailure,
)
from roost.services.invites import Invites
from roost.services.registration import RESERVATION_SECONDS, Application, Registered, Registration
from roost.storage import accounts, heads, invites
from roost.storage.accounts import Reservation
from roost.storage.db import Tx
from roost.syntax import Did, Handle
from support.house import House, did_of, opened_house
from support.web import serving

pytestmark = pytest.mark.anyio

ROTATION = PrivateKey.from_bytes(bytes(31) + b"\x02")
PASSWORD = "correct horse"


class Directory:
    """A PLC directory that takes everything, until it is told otherwise."""

    def __init__(self) -> None:
        self.operations: dict[str, list[dict[str, object]]] = {}
        self.answer: Callable[[str], Awaitable[Response | None]] | None = None
        self.tells = True

    async def submit(self, request: Request) -> Response:
        """Take an operation, or do what it was told to do before."""
        did = request.path_params["did"]
        if self.answer is not None:
            instead = await self.answer(did)
            if instead is not None:
                return instead
        self.operations.setdefault(did, []).append(orjson.loads(await request.body()))
        return JSONResponse({})

    async def document(self, request: Request) -> Response:
        """Give the document that the first operation makes."""
        did = request.path_params["did"]
        known = self.operations.get(did)
        if not self.tells:
            return JSONResponse({}, 500)
        if not known:
            return JSONResponse({"message": f"DID not registered: {did}"}, 404)
        operation = plc.parse_operation(known[0])
        assert isinstance(operation, plc.Operation)
        return JSONResponse(plc.document_of(Did(did), plc.state_of(operation)))

    def kinds(self) -> list[list[object]]:
        """Return the types of the operations of each DID."""
        return [[operation["type"] for operation in operations] for operations in self.operations.values()]


class Office:
    """The service with its directory, in a house."""

    def __init__(self, house: House, directory: Directory, registration: Registration) -> None:
        self.house, self.directory, self.registration = house, directory, registration

    async def register(self, name: str = "alice", **changed: object) -> Registered:
        """Ask for an account."""
        usual: dict[str, object] = {
            "handle": Handle.parse(f"{name}.test"),
            "email": f"{name}@mail.test",
            "password": PASSWORD,
        }
        return await self.registration.register(Application(**(usual | changed)))  # type: ignore[arg-type]

    async def invite(self, uses: int = 1) -> str:
        """Make an invite code."""
        return await Invites(self.house.db, self.house.policy, self.house.minter).create(uses=uses)

    async def usable(self, code: str) -> bool:
        """Return whether a code still admits somebody."""
        return await self.house.db.read(lambda tx: invites.usable(tx, code))

    async def count(self) -> int:
        """Return how many accounts there are."""
        return await self.house.db.read(accounts.count)


@asynccontextmanager
async def opened(path: Path, **policy: object) -> AsyncIterator[Office]:
    """Open an office with a directory that is given half a second to answer."""
    directory = Directory()
    routes = [Route("/{did}", directory.submit, methods=["POST"]), Route("/{did}", directory.document)]
    async with opened_house(path, policy) as house, serving(*routes) as (client, served):
        client_of_plc = PlcDirectory(client, served.url, timeout=0.5)
        resolver = DidResolver(client, client_of_plc, clock=lambda: datetime.now(UTC))
        registration = Registration(
            db=house.db,
            policy=house.policy,
            passwords=house.passwords,
            keyring=house.keyring,
            rotation_key=ROTATION,
            directory=client_of_plc,
            resolver=resolver,
            repos=house.repos,
            sessions=house.sessions,
            minter=house.minter,
        )
        yield Office(house, directory, registration)
        await resolver.close()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """A server that anybody may join."""
    async with opened(tmp_path) as office:
        yield office


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[Office]:
    """A server that one needs an invite for."""
    async with opened(tmp_path, invite_required=True) as office:
        yield office


def saying(status: int, message: str) -> Callable[[str], Awaitable[Response | None]]:
    """Return what makes a directory always answer that."""

    async def answer(_did: str) -> Response:
        return JSONResponse({"message": message}, status)

    return answer


async def test_an_account_stands_with_all_that_belongs_to_it(office: Office) -> None:
    """Its DID names its handle, its server and the key that has signed its repository; its session is open."""
    made = await office.register()

    account, house = made.account, office.house
    assert (account.handle, account.email, account.status) == ("alice.test", "alice@mail.test", None)
    assert made.document is not None
    assert (made.document.did, made.document.handle) == (account.did, "alice.test")
    assert made.document.pds_endpoint == "https://pds.test"
    key = await house.db.read(lambda tx: house.keyring.signing_key(tx, account.id, account.did))
    assert made.document.signing_key == key.public
    assert (await house.sessions.authenticate(house.sessions.pair(account, made.session).access)).did == account.did
    await house.check_tree(account)
    assert await house.db.read(accounts.reservations) == []


async def test_the_network_is_told_in_order(office: Office) -> None:
    """#identity, #account, the empty #commit and the #sync, in one go."""
    made = await office.register()

    told = await office.house.events()
    head = await office.house.reading.head(made.account.did)
    assert [name for name, _ in told] == ["#identity", "#account", "#commit", "#sync"]
    bodies = [body for _, body in told]
    assert bodies[0]["handle"] == "alice.test"
    assert bodies[1]["active"] is True
    assert (bodies[2]["since"], bodies[2]["ops"], bodies[2]["commit"]) == (None, [], head.cid)
    assert bodies[3]["rev"] == head.rev


async def test_a_recovery_key_outranks_the_server(office: Office) -> None:
    """The owner's own key comes first in the DID's log, the server's after it."""
    own = PrivateKey.generate().public.did_key

    made = await office.register(recovery_key=own)

    genesis = plc.parse_operation(office.directory.operations[made.account.did][0])
    assert isinstance(genesis, plc.Operation)
    assert plc.state_of(genesis).rotation_keys == (own, ROTATION.public.did_key)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"handle": "j.test"}, InvalidHandle, "Handle too short"),
        ({"handle": "nineteencharactersx.test"}, InvalidHandle, "Handle too long"),
        ({"handle": "a.b.test"}, InvalidHandle, "Invalid characters in handle"),
        ({"handle": "alice.invalid"}, InvalidHandle, "Handle TLD is invalid or disallowed"),
        ({"handle": "john.bsky.io"}, UnsupportedDomain, "Not a supported handle domain"),
        ({"handle": "about.test"}, HandleNotAvailable, "Reserved handle"),
        ({"handle": "atp.test"}, HandleNotAvailable, "Reserved handle"),
        ({"email": "nonsense"}, InvalidRequest, "This email address is not supported, please use a different email."),
        ({"password": "short"}, InvalidPassword, "Invalid password: it must have at least 8 characters."),
        ({"password": "x" * 257}, InvalidPassword, "Invalid password length: it may have at most 256 characters."),
    ],
)
async def test_what_cannot_be_had_is_refused_before_anything_is_made(
    office: Office, changed: dict[str, str], error: type[ServiceError], message: str
) -> None:
    """Neither a DID nor a reservation comes of it."""
    handle = Handle.parse(changed.get("handle", "alice.test"))

    with pytest.raises(error) as refused:
        await office.register(**{**changed, "handle": handle})

    assert str(refused.value) == message
    assert office.directory.operations == {}
    assert await office.house.db.read(accounts.reservations) == []


async def test_names_are_given_once(office: Office) -> None:
    """A handle and an address belong to one account, however they are spelt and whatever its state."""
    made = await office.register()
    await office.house.set_status(made.account, "deactivated")

    with pytest.raises(HandleNotAvailable, match=r"^Handle already taken: alice\.test$"):
        await office.register("Alice", email="other@mail.test")
    with pytest.raises(EmailNotAvailable, match=r"^Email already taken: "):
        await office.register("bob", email="ALICE@mail.test")


@pytest.mark.parametrize("same", ["handle", "email"])
async def test_of_many_who_want_one_name_one_gets_it(office: Office, same: str) -> None:
    """The others are refused, and no DID was made for them that stays."""
    names: list[dict[str, object]] = [
        {"email": "one@mail.test"} if same == "email" else {"handle": Handle.parse("one.test")} for _ in range(8)
    ]

    results = await asyncio.gather(
        *[office.register(f"user{n}", **name) for n, name in enumerate(names)], return_exceptions=True
    )

    wanted = EmailNotAvailable if same == "email" else HandleNotAvailable
    assert sum(isinstance(result, Registered) for result in results) == 1
    assert sum(isinstance(result, wanted) for result in results) == 7
    assert await office.count() == 1
    assert office.directory.kinds() == [["plc_operation"]]


async def test_an_invite_is_needed_where_the_operator_says_so(closed: Office) -> None:
    """None, an unknown and a used-up code are refused; a good one is used up by an account, and not by a refusal."""
    code = await closed.invite()

    for missing in (None, ""):
        with pytest.raises(InvalidInviteCode, match=r"^No invite code provided$"):
            await closed.register(invite_code=missing)
    with pytest.raises(InvalidInviteCode, match=r"^Provided invite code not available$"):
        await closed.register(invite_code="pds-test-aaaaa-aaaaa")
    with pytest.raises(InvalidPassword):
        await closed.register(invite_code=code, password="short")
    made = await closed.register(invite_code=code)
    with pytest.raises(InvalidInviteCode, match=r"^Provided invite code not available$"):
        await closed.register("bob", invite_code=code)

    uses = await closed.house.db.read(lambda tx: tx.all("SELECT code, did FROM invite_use"))
    assert uses == [(code, made.account.did)]


async def test_of_many_who_use_one_invite_one_gets_in(closed: Office) -> None:
    """A code for one admits one, however many come at once."""
    code = await closed.invite()

    results = await asyncio.gather(
        *[closed.register(f"user{n}", invite_code=code) for n in range(8)], return_exceptions=True
    )

    assert sum(isinstance(result, Registered) for result in results) == 1
    assert sum(isinstance(result, InvalidInviteCode) for result in results) == 7
    assert await closed.count() == 1


async def test_a_code_that_is_not_needed_counts_if_it_is_good(office: Office) -> None:
    """On an open server nobody is asked for one; a bad one, or none, does as well."""
    code = await office.invite()

    await office.register(invite_code=code)
    await office.register("bob", invite_code="nonsense")
    await office.register("carol", invite_code=code)

    assert not await office.usable(code)


async def test_the_operator_needs_no_invite(closed: Office) -> None:
    """An account that the operator makes goes past the invites."""
    wanted = Application(Handle.parse("alice.test"), "alice@mail.test", PASSWORD)

    await closed.registration.register(wanted, invited=False)

    assert await closed.count() == 1


@pytest.mark.parametrize("trouble", ["500", "nonsense", "429", "hangs"])
async def test_a_directory_that_fails_leaves_everything_free(closed: Office, trouble: str) -> None:
    """Names and invite can be had again at once, and the next attempt succeeds."""
    code = await closed.invite()

    async def hang(_did: str) -> None:
        await asyncio.sleep(1)

    troubles = {
        "500": saying(500, "boom"),
        "nonsense": saying(302, "elsewhere"),
        "429": saying(429, "slow down"),
        "hangs": hang,
    }
    closed.directory.answer = troubles[trouble]
    with pytest.raises(UpstreamFailure, match=r"^The DID could not be registered; try again later$"):
        await closed.register(invite_code=code)

    assert await closed.count() == 0
    assert await closed.house.db.read(accounts.reservations) == []
    assert await closed.usable(code)
    closed.directory.answer = None
    await closed.register(invite_code=code)


async def test_an_operation_that_the_directory_refuses_is_the_callers_to_mend(office: Office) -> None:
    """A recovery key that is none is told as such, with the directory's reason."""
    office.directory.answer = saying(400, "Invalid rotationKey: nonsense")

    with pytest.raises(InvalidRequest, match=r"^The PLC directory refused: Invalid rotationKey: nonsense$"):
        await office.register(recovery_key="nonsense")

    assert await office.house.db.read(accounts.reservations) == []


async def test_an_account_stands_also_when_its_document_cannot_be_fetched(office: Office) -> None:
    """The document in the answer is a courtesy."""
    office.directory.tells = False

    made = await office.register()

    assert made.document is None
    assert await office.count() == 1


async def test_names_are_not_to_be_had_while_a_did_is_made(office: Office) -> None:
    """Until the directory has answered they are reserved, also for whoever is slower."""
    go, asked = asyncio.Event(), asyncio.Event()

    async def wait(_did: str) -> None:
        asked.set()
        await go.wait()

    office.directory.answer = wait
    first = asyncio.create_task(office.register())
    await asked.wait()

    with pytest.raises(HandleNotAvailable):
        await office.register("alice", email="other@mail.test")
    with pytest.raises(EmailNotAvailable):
        await office.register("bob", email="alice@mail.test")
    go.set()
    assert (await first).account.handle == "alice.test"


def reservation(house: House, name: str, code: str | None) -> Reservation:
    """Return what a registration takes before it asks the directory."""
    now = house.minter.milliseconds()
    return Reservation(Handle.parse(f"{name}.test"), f"{name}@mail.test", did_of(name), code, now)


async def test_what_a_crash_left_is_released_later(closed: Office) -> None:
    """A reservation without a process behind it holds its names for five minutes; whoever comes then gets them."""
    house, code = closed.house, await closed.invite()

    def crash(tx: Tx) -> None:
        accounts.reserve(tx, reservation(house, "alice", code))
        assert invites.take(tx, code)

    await house.db.write(crash)
    house.clock.turn(seconds=RESERVATION_SECONDS)
    with pytest.raises(InvalidInviteCode, match=r"^Provided invite code not available$"):
        await closed.register(invite_code=code)
    with pytest.raises(InvalidInviteCode):
        await closed.registration.check_invite(code)

    house.clock.turn(seconds=1)
    await closed.registration.check_invite(code)
    await closed.register(invite_code=code)

    assert await house.db.read(accounts.reservations) == []
    assert not await closed.usable(code)


async def test_names_that_a_crash_left_are_free_for_their_own_owner(office: Office) -> None:
    """The same person trying again need not wait for somebody else to register."""
    await office.house.db.write(lambda tx: accounts.reserve(tx, reservation(office.house, "alice", None)))
    with pytest.raises(HandleNotAvailable):
        await office.register()

    office.house.clock.turn(seconds=RESERVATION_SECONDS + 1)

    assert (await office.register()).account.handle == "alice.test"


async def test_a_registration_that_lost_its_reservation_ends_its_did(closed: Office) -> None:
    """Nobody may have a DID whose account was never made: it is tombstoned, and the invite is given back once."""
    code = await closed.invite()

    async def release(did: str) -> None:
        await closed.house.db.write(lambda tx: accounts.release(tx, Did(did)))

    closed.directory.answer = release
    with pytest.raises(InvalidRequest, match=r"^The registration took too long; try again$"):
        await closed.register(invite_code=code)

    assert closed.directory.kinds() == [["plc_operation", "plc_tombstone"]]
    assert await closed.count() == 0
    assert await closed.house.events() == []


async def test_an_account_that_cannot_be_stored_frees_its_names_and_ends_its_did(closed: Office) -> None:
    """Whatever fails at the last step: no account, names and invite free, the DID tombstoned."""
    code = await closed.invite()
    db = closed.house.db
    await db.write(
        lambda tx: tx.run("CREATE TRIGGER full BEFORE INSERT ON head BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    )

    with pytest.raises(Exception, match=r"disk full"):
        await closed.register(invite_code=code)

    assert closed.directory.kinds() == [["plc_operation", "plc_tombstone"]]
    assert await closed.count() == 0
    assert await db.read(accounts.reservations) == []
    assert await closed.usable(code)
    assert await closed.house.events() == []
    await db.write(lambda tx: tx.run("DROP TRIGGER full"))
    made = await closed.register(invite_code=code)
    assert await db.read(lambda tx: heads.get(tx, made.account.id)) is not None


async def test_a_did_is_not_ended_while_its_account_stands(office: Office) -> None:
    """When a commit fails nobody knows whether it was made after all; an account that is there keeps its DID."""
    made = await office.register()
    account = made.account
    operation = plc.parse_operation(office.directory.operations[account.did][0])
    assert isinstance(operation, plc.Operation)
    taken = Reservation(account.handle, account.email, account.did, None, 0)

    await office.registration._abandon(taken, operation)

    assert office.directory.kinds() == [["plc_operation"]]
