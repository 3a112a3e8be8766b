"""How far an account is with moving, without HTTP."""

from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response

from roost.services.account_status import AccountStatus
from roost.services.errors import AccountNotFound
from support.town import opened_town

pytestmark = pytest.mark.anyio


async def test_what_is_there_is_counted(tmp_path: Path) -> None:
    """Commit, nodes and distinct records; and whether the DID leads here, as far as anybody can say."""
    async with opened_town(tmp_path) as town:
        house, status = town.house, AccountStatus(town.house.db, town.check)
        alice, bob = await town.resident("alice"), await town.resident("bob")
        for rkey in ("a", "b", "c"):
            await house.put(alice, rkey, "same" if rkey != "c" else "other")
        _, nodes = await house.count(alice)

        of_alice, of_bob = await status.of(alice.id), await status.of(bob.id)

        assert (of_alice.active, of_alice.valid_did) == (True, True)
        assert (of_alice.records, of_alice.blocks) == (3, 1 + nodes + 2)
        assert (of_bob.records, of_bob.blocks) == (0, 2)
        assert (of_bob.expected_blobs, of_bob.imported_blobs) == (0, 0)
        with pytest.raises(AccountNotFound):
            await status.of(99)

        async def broken(_verb: str, _path: str) -> Response:
            return JSONResponse({}, 500)

        town.gate.before = broken
        assert (await status.of(alice.id)).valid_did is False
