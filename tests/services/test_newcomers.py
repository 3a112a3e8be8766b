"""Accounts that move here with a domain of their own, or under a did:web."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roost.crypto.keys import PrivateKey
from roost.services.caller import Service
from roost.services.errors import AlreadyExists, InvalidRequest, Unauthenticated
from roost.services.newcomers import Newcomers
from roost.services.registration import Application, Registration
from roost.services.reserved_keys import ReservedKeys
from roost.storage import accounts
from roost.syntax import Did, Handle
from support.house import did_of
from support.town import ROTATION, Town, opened_town

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A house in a network."""
    async with opened_town(tmp_path) as town:
        yield town


def newcomers(town: Town) -> Newcomers:
    """Return the service."""
    house = town.house
    registration = Registration(
        house.db,
        house.policy,
        house.passwords,
        house.keyring,
        ROTATION,
        town.directory,
        town.resolver,
        house.repos,
        house.sessions,
        house.minter,
    )
    return Newcomers(house.policy, registration, town.renaming, town.handles, house.keyring, reserved_keys(town))


def reserved_keys(town: Town) -> ReservedKeys:
    """Return the keys that wait."""
    return ReservedKeys(town.house.db, town.house.keyring, town.house.minter)


def wanted(handle: str) -> Application:
    """Return what somebody asks for."""
    return Application(Handle.parse(handle), f"{handle}@mail.test", PASSWORD)


def proof(did: Did) -> Service:
    """Return the proof that a caller holds a DID's key."""
    return Service(did, b"digest")


async def test_a_domain_must_lead_to_the_did(town: Town) -> None:
    """Somebody's own handle comes along when DNS says whose it is."""
    did, handle = did_of("alice"), "alice.example-domain.dev"

    with pytest.raises(InvalidRequest, match="External handle did not resolve to DID"):
        await newcomers(town).take_in(wanted(handle), did, proof(did))
    town.txt[handle] = [f"did={did_of('mallory')}"]
    with pytest.raises(InvalidRequest, match="External handle did not resolve to DID"):
        await newcomers(town).take_in(wanted(handle), did, proof(did))
    town.txt[handle] = [f"did={did}"]
    made = await newcomers(town).take_in(wanted(handle), did, proof(did))

    assert (made.account.handle, made.account.did, made.account.status) == (handle, did, "deactivated")
    assert await town.house.events() == []


async def test_a_did_web_moves_in(town: Town) -> None:
    """Its document is its owner's to change; here it only waits, and not for ever."""
    made = await newcomers(town).take_in(wanted("webby.test"), town.web_did, proof(town.web_did))

    assert made.account.did == town.web_did
    assert made.account.deactivated_at == made.account.created_at
    assert made.account.delete_after == made.account.created_at + 3 * 86_400_000


async def test_nobody_speaks_for_another(town: Town) -> None:
    """No token, or that of another DID."""
    did = did_of("alice")

    for caller in (None, proof(did_of("mallory"))):
        with pytest.raises(Unauthenticated, match=f"Missing auth to create account with did: {did}"):
            await newcomers(town).take_in(wanted("alice.test"), did, caller)


async def test_a_did_that_lives_here(town: Town) -> None:
    """It cannot move in again; its account is left alone."""
    alice = await town.resident()

    with pytest.raises(AlreadyExists):
        await newcomers(town).take_in(wanted("other.test"), alice.did, proof(alice.did))

    assert await town.house.db.read(accounts.count) == 1


async def test_its_key_is_made_here(town: Town) -> None:
    """No key that another host has seen signs here."""
    did = did_of("alice")

    made = await newcomers(town).take_in(wanted("alice.test"), did, proof(did))

    key = await town.house.db.read(lambda tx: town.house.keyring.signing_key(tx, made.account.id, did))
    assert isinstance(key, PrivateKey)
    assert key.public.did_key == await town.house.repos.signing_key(made.account)


async def test_a_key_that_was_reserved_for_it(town: Town) -> None:
    """Whoever put it into the DID document before has the account signed with it; it waits for nobody else then."""
    did = did_of("alice")
    reserved = await reserved_keys(town).reserve(did)

    made = await newcomers(town).take_in(wanted("alice.test"), did, proof(did))

    assert await town.house.repos.signing_key(made.account) == reserved
    assert await reserved_keys(town).reserve(did) != reserved
