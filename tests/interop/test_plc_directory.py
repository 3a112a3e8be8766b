"""Our PLC operations, judged by the directory's own implementation, and its answers as ours reads them."""

import asyncio
import dataclasses
import itertools
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from roost.crypto.keys import K256, P256, PrivateKey
from roost.identity import plc
from roost.net.client import Client
from roost.net.errors import NotFound, Refused, Tombstoned
from roost.net.plc import PlcDirectory
from roost.services.key_rotation import KeyRotation
from roost.storage import accounts
from roost.storage.accounts import Account
from roost.syntax import Did
from support.calls import create, inside, refusal
from support.identity import plc_log
from support.plc_server import running_directory
from support.server import PASSWORD, Person, Roost, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

T = TypeVar("T")

OWNER = PrivateKey.generate()
"""A recovery key that an account's owner keeps at home."""

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def judged(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roost]:
    """A server whose accounts are registered with somebody else's directory."""
    folder = tmp_path_factory.mktemp("judged")
    with running_directory(packages, folder / "errors") as url, running(folder, plc_url=url) as roost:
        yield dataclasses.replace(roost, plc_url=url)


@pytest.fixture
def person(judged: Roost) -> Person:
    """An account whose owner has a recovery key."""
    name = f"judged{next(_numbers)}"
    body = {"handle": f"{name}.test", "email": f"{name}@mail.test", "password": PASSWORD}
    made = judged.post("com.atproto.server.createAccount", json=body | {"recoveryKey": OWNER.public.did_key})
    assert made.status_code == 200, made.text
    found = made.json()
    return Person(found["did"], found["handle"], body["email"], found["accessJwt"], judged.client)


def asked(roost: Roost, question: Callable[[PlcDirectory], Awaitable[T]]) -> T:
    """Ask the directory with our own client."""

    async def ask() -> T:
        client = Client(trusted=(roost.plc_url,))
        try:
            return await question(PlcDirectory(client, roost.plc_url))
        finally:
            await client.close()

    return asyncio.run(ask())


def state_of(roost: Roost, person: Person) -> plc.State:
    """Return what the directory says of a DID, once all of its answers have been found to agree."""
    did = Did(person.did)
    entries = asked(roost, lambda directory: directory.audit_log(did))
    log = asked(roost, lambda directory: directory.log(did))
    told = asked(roost, lambda directory: directory.data(did))
    document = asked(roost, lambda directory: directory.document(did))
    assert plc.validate_audit_log(did, entries) == plc.validate_log(did, log) == told
    assert asked(roost, lambda directory: directory.last(did)) == log[-1]
    assert document.signing_key is not None
    assert (document.signing_key.did_key, document.handle) == (told.signing_key, person_handle(told))
    return told


def person_handle(state: plc.State) -> str:
    """Return the handle that a state names first."""
    return state.also_known_as[0].removeprefix("at://")


def account_of(roost: Roost, person: Person) -> Account:
    """Return the account as the server has it."""
    server = roost.app.server
    assert server is not None
    found = inside(roost, server.db.read(lambda tx: accounts.by_did(tx, Did(person.did))))
    assert found is not None
    return found


def rotation(roost: Roost) -> KeyRotation:
    """Return what the operator's commands replace keys with."""
    server = roost.app.server
    assert server is not None
    return server.get(KeyRotation)


def at_home(roost: Roost, person: Person, after: int, **changed: object) -> dict[str, object]:
    """Return an operation that the owner signed, to follow the one with that index in the log."""
    last = plc.parse_operation(plc_log(roost, person.did)[after])
    assert isinstance(last, plc.Operation)
    wanted = dataclasses.replace(last.state, **changed)  # type: ignore[arg-type]  # fields of a State
    return dict(plc.to_json(plc.update(last, wanted, OWNER)))


def test_an_account_is_registered(judged: Roost, person: Person) -> None:
    """Under the DID that the directory works out too; the owner's key outranks the server's."""
    state = state_of(judged, person)

    assert state.rotation_keys[0] == OWNER.public.did_key
    assert len(state.rotation_keys) == 2
    assert person_handle(state) == person.handle
    described = judged.get("com.atproto.repo.describeRepo", repo=person.did).json()
    assert described["handleIsCorrect"] is True
    assert described["didDoc"] == httpx.get(f"{judged.plc_url}/{person.did}").json()


def test_a_handle_changes(judged: Roost, person: Person) -> None:
    """Twice, one operation each."""
    for n in (1, 2):
        handle = f"another{n}-{person.handle}"
        assert person.post("com.atproto.identity.updateHandle", json={"handle": handle}).status_code == 200
        assert person_handle(state_of(judged, person)) == handle

    assert len(plc_log(judged, person.did)) == 3


def test_a_signed_operation_is_submitted(judged: Roost, person: Person) -> None:
    """With the mailed token, and what the owner asked for in it."""
    assert person.post("com.atproto.identity.requestPlcOperationSignature").status_code == 200
    added = PrivateKey.generate().public.did_key
    keys = [added, *state_of(judged, person).rotation_keys]

    body = {"token": judged.mailbox.to(person.email)[-1].tokens[0], "rotationKeys": keys}
    signed = person.post("com.atproto.identity.signPlcOperation", json=body).json()
    submitted = person.post("com.atproto.identity.submitPlcOperation", json=signed)

    assert submitted.status_code == 200, submitted.text
    assert list(state_of(judged, person).rotation_keys) == keys


def test_what_the_owner_signed_is_submitted(judged: Roost, person: Person) -> None:
    """By a key that the server does not have."""
    aliases = (f"at://{person.handle}", "https://example.com/me")

    operation = at_home(judged, person, -1, also_known_as=aliases)
    submitted = person.post("com.atproto.identity.submitPlcOperation", json={"operation": operation})

    assert submitted.status_code == 200, submitted.text
    assert state_of(judged, person).also_known_as == aliases


def test_a_signing_key_is_rotated(judged: Roost, person: Person) -> None:
    """And signs from then on."""
    before = state_of(judged, person).signing_key

    made = inside(judged, rotation(judged).rotate(account_of(judged, person)))

    assert state_of(judged, person).signing_key == made != before
    assert create(person, {"n": 1}).status_code == 200
    assert person.get("com.atproto.server.checkAccountStatus").json()["validDid"] is True


def test_a_recovery_key_is_added(judged: Roost, person: Person) -> None:
    """In front of the others, of either curve."""
    for curve in (K256, P256):
        key = PrivateKey.generate(curve).public.did_key
        keys = inside(judged, rotation(judged).add_recovery(account_of(judged, person), key))
        assert keys[0] == key
        assert state_of(judged, person).rotation_keys == keys


def test_an_owner_takes_an_identity_back(judged: Roost, person: Person) -> None:
    """What the server had signed is void; the audit log still shows it, and the server goes on from the owner's."""
    taken = f"taken-{person.handle}"
    assert person.post("com.atproto.identity.updateHandle", json={"handle": taken}).status_code == 200
    back = at_home(judged, person, 0, also_known_as=(f"at://back-{person.handle}",))

    answer = httpx.post(f"{judged.plc_url}/{person.did}", json=back)

    assert answer.status_code == 200, answer.text
    assert person_handle(state_of(judged, person)) == f"back-{person.handle}"
    entries = asked(judged, lambda directory: directory.audit_log(Did(person.did)))
    assert [entry.nullified for entry in entries] == [False, True, False]
    seen = person.post("com.atproto.identity.refreshIdentity", json={"identifier": person.did})
    assert seen.json()["didDoc"]["alsoKnownAs"] == [f"at://back-{person.handle}"]
    again = person.post("com.atproto.identity.updateHandle", json={"handle": f"again-{person.handle}"})
    assert again.status_code == 200, again.text
    assert person_handle(state_of(judged, person)) == f"again-{person.handle}"


def test_a_lost_answer_is_made_up_for(judged: Roost, person: Person) -> None:
    """The directory refuses the same operation twice; that it is the last one already is as good."""
    operation = plc.parse_operation(
        at_home(judged, person, -1, also_known_as=(f"at://{person.handle}", "https://a.test"))
    )

    for _ in range(2):
        asked(judged, lambda directory: directory.submit(Did(person.did), operation))

    assert len(plc_log(judged, person.did)) == 2


def test_refusals_are_told_apart(judged: Roost, person: Person) -> None:
    """A DID that it never heard of, an operation that it does not take, and a DID that was ended."""
    did, stranger = Did(person.did), PrivateKey.generate()
    (first,) = (plc.parse_operation(each) for each in plc_log(judged, person.did))
    assert isinstance(first, plc.Operation)
    forged = plc.update(first, first.state, stranger)

    with pytest.raises(NotFound):
        asked(judged, lambda directory: directory.document(Did("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")))
    with pytest.raises(Refused) as refused:
        asked(judged, lambda directory: directory.submit(did, forged))
    asked(judged, lambda directory: directory.submit(did, plc.tombstone(first, OWNER)))
    with pytest.raises(Tombstoned):
        asked(judged, lambda directory: directory.document(did))

    assert refused.value.status == 400
    gone = person.post("com.atproto.identity.refreshIdentity", json={"identifier": person.did})
    assert refusal(gone)[:2] == (400, "DidDeactivated")
