"""Which references of a profile are brought up to date; that it is stored so is told over HTTP, with putRecord."""

import pytest

from roost.data.cid import Cid
from roost.data.value import Value
from roost.services.errors import BlobNotFound
from roost.services.profiles import PROFILE, Profiles
from roost.storage import blobs
from roost.syntax import Nsid
from support.house import House

pytestmark = pytest.mark.anyio

CID = Cid.of_raw(b"picture")
OLD: dict[str, Value] = {"cid": str(CID), "mimeType": "image/png"}


async def test_only_the_pictures_of_a_profile(house: House) -> None:
    """No other field, no other record, and nothing that is not quite the old form."""
    alice, profiles = await house.account(), Profiles(house.db)
    await house.db.write(lambda tx: blobs.add(tx, alice.id, CID, mime_type="image/png", size=7, object="object", now=1))
    record: dict[str, Value] = {"avatar": OLD, "banner": OLD | {"alt": "x"}, "other": OLD, "list": [OLD]}

    new: Value = {"$type": "blob", "ref": CID, "mimeType": "image/png", "size": 7}
    assert await profiles.modern(alice.id, Nsid(PROFILE), record) == record | {"avatar": new}
    assert await profiles.modern(alice.id, Nsid("com.example.profile"), record) == record
    assert await profiles.modern(alice.id, Nsid(PROFILE), {"avatar": None}) == {"avatar": None}


async def test_only_blobs_that_are_here(house: House) -> None:
    """Nobody else's will do."""
    alice, bob, profiles = await house.account(), await house.account("bob"), Profiles(house.db)
    await house.db.write(lambda tx: blobs.add(tx, bob.id, CID, mime_type="image/png", size=7, object="object", now=1))

    with pytest.raises(BlobNotFound, match=str(CID)):
        await profiles.modern(alice.id, Nsid(PROFILE), {"avatar": OLD})
