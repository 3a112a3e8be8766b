"""Other signing keys for accounts, without HTTP: what the owner of a did:web has to have said first."""

from pathlib import Path

import pytest

from roost.services.audit import Audit
from roost.services.errors import InvalidRequest
from roost.services.reserved_keys import ReservedKeys
from roost.services.signing_keys import SigningKeys
from roost.storage import reserved_keys
from support.town import Town, document, opened_town

pytestmark = pytest.mark.anyio


def keys_of(town: Town) -> tuple[SigningKeys, ReservedKeys, Audit]:
    """Return the service, the keys that wait, and the log."""
    house = town.house
    keys = SigningKeys(house.db, house.keyring, town.changes, town.resolver)
    return keys, ReservedKeys(house.db, house.keyring, house.minter), Audit(house.db, house.minter)


async def test_a_key_that_is_taken_waits_no_more(tmp_path: Path) -> None:
    """It is the account's now, and the DID's."""
    async with opened_town(tmp_path) as town:
        alice = await town.resident()
        keys, waiting, audit = keys_of(town)
        key = await waiting.reserve(alice.did)

        async with audit.acting("use", actor="admin") as action:
            await keys.use(alice.did, key, action=action)

        assert (await town.state(alice)).signing_key == key
        assert await town.house.repos.signing_key(alice) == key
        assert await town.house.db.read(lambda tx: reserved_keys.get(tx, key)) is None


async def test_a_did_web_has_to_name_the_key_first(tmp_path: Path) -> None:
    """Its document is its owner's to write: until it does, nothing changes."""
    async with opened_town(tmp_path) as town:
        webster = await town.web_resident()
        keys, waiting, audit = keys_of(town)
        key = await waiting.reserve(webster.did)

        with pytest.raises(InvalidRequest, match="change it first"):
            async with audit.acting("use", actor="admin") as action:
                await keys.use(webster.did, key, action=action)
        before = await town.house.repos.signing_key(webster)
        town.web.update(document(webster.did, webster.handle, key, town.house.policy.public_url))
        async with audit.acting("use", actor="admin") as action:
            await keys.use(webster.did, key, action=action)

        assert before != key
        assert await town.house.repos.signing_key(webster) == key
        assert [entry.outcome for entry in await audit.page(limit=9)] == ["done", "begun", "InvalidRequest", "begun"]
