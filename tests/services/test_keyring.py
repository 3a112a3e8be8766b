"""Keys at rest and at work."""

import asyncio

import pytest

from roost.crypto.errors import Tampered, WrongMasterKey
from roost.crypto.keys import PrivateKey
from roost.services import keyring
from roost.services.keyring import Keyring
from roost.storage import accounts
from support.house import MASTER, House, did_of

pytestmark = pytest.mark.anyio


async def test_a_signing_key_survives_the_process(house: House) -> None:
    """A keyring that has never seen an account opens its key with the master key alone."""
    alice = await house.account()
    known = await house.db.read(lambda tx: house.keyring.signing_key(tx, alice.id, alice.did))

    reopened = await house.db.read(lambda tx: Keyring(MASTER).signing_key(tx, alice.id, alice.did))

    assert reopened.to_bytes() == known.to_bytes()


async def test_a_key_does_not_rest_in_the_open(house: House) -> None:
    """What is stored of a key does not contain it."""
    key = PrivateKey.generate()

    assert key.to_bytes() not in house.keyring.seal_key(did_of("alice"), key)


async def test_another_master_key_opens_nothing(house: House) -> None:
    """A copy of the database without its master key has no keys, and says why."""
    alice = await house.account()

    with pytest.raises(WrongMasterKey):
        await house.db.read(lambda tx: Keyring(bytes(32)).signing_key(tx, alice.id, alice.did))


async def test_a_key_opens_for_its_own_account_only(house: House) -> None:
    """Whoever can write to the database cannot put one account's key under another's name."""
    alice, bob = await house.account("alice"), await house.account("bob")
    sealed = await house.db.read(lambda tx: accounts.signing_key(tx, alice.id))
    await house.db.write(lambda tx: tx.run("UPDATE account SET signing_key = ? WHERE id = ?", sealed, bob.id))
    house.keyring.forget(bob.did)

    with pytest.raises(Tampered):
        await house.db.read(lambda tx: house.keyring.signing_key(tx, bob.id, bob.did))


async def test_memory_is_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least lately opened key is forgotten, and opened again when it is needed."""
    monkeypatch.setattr(keyring, "_KEYS_KEPT", 1)
    alice, bob = await house.account("alice"), await house.account("bob")
    ring = Keyring(MASTER)

    first = await house.db.read(lambda tx: ring.signing_key(tx, alice.id, alice.did))
    await house.db.read(lambda tx: ring.signing_key(tx, bob.id, bob.did))
    again = await house.db.read(lambda tx: ring.signing_key(tx, alice.id, alice.did))

    assert first is not again
    assert first.to_bytes() == again.to_bytes()


async def test_a_secret_is_made_once(house: House) -> None:
    """Whoever asks first makes it, even when many do; and it outlives the process."""
    made = await asyncio.gather(*[Keyring(MASTER).secret(house.db, "jwt") for _ in range(8)])

    assert len(set(made)) == 1
    assert len(made[0]) == 32
    assert await house.keyring.secret(house.db, "jwt") == made[0]
    assert await house.keyring.secret(house.db, "another") != made[0]


def test_a_key_for_nobody_is_sealed_for_its_own_name() -> None:
    """Under another it does not open."""
    key, ring = PrivateKey.generate(), Keyring(MASTER)

    sealed = ring.seal_spare(key)

    assert ring.unseal_spare(key.public.did_key, sealed).to_bytes() == key.to_bytes()
    with pytest.raises(Tampered):
        ring.unseal_spare("did:key:other", sealed)
