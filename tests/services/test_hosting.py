"""Whom a DID or handle means here."""

from contextlib import nullcontext

import pytest

from roost.services import hosting
from roost.services.caller import Administrator, Caller, Scope
from roost.services.errors import RepoDeactivated, RepoNotFound, RepoTakendown
from roost.syntax import AtIdentifier
from support.house import House, caller_of, did_of

pytestmark = pytest.mark.anyio


async def test_an_account_is_found_by_its_did_and_by_its_handle(house: House) -> None:
    """Both names mean the same account; the handle in any spelling."""
    alice = await house.account()

    for name in (alice.did, "alice.test", "ALICE.test"):
        assert await house.db.read(lambda tx, name=name: hosting.find(tx, AtIdentifier.parse(name))) == alice  # type: ignore[misc]


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        ("takendown", RepoTakendown, "Repo has been takendown: {did}"),
        ("deactivated", RepoDeactivated, "Repo has been deactivated: {did}"),
    ],
)
async def test_a_repository_of_an_inactive_account_is_not_readable(
    house: House, status: str, error: type[Exception], message: str
) -> None:
    """Each state of an account has its own refusal."""
    alice = await house.account()
    await house.set_status(alice, status)

    with pytest.raises(error) as refused:
        await house.db.read(lambda tx: hosting.readable(tx, alice.did))
    assert str(refused.value) == message.format(did=alice.did)


@pytest.mark.parametrize(
    ("status", "scope", "allowed"),
    [
        ("deactivated", Scope.ACCESS, True),
        ("deactivated", Scope.APP_PASS, True),
        ("takendown", Scope.ACCESS, False),
        ("takendown", Scope.TAKENDOWN, True),
    ],
)
async def test_the_owner_of_an_inactive_account_reads_on(
    house: House, status: str, scope: Scope, allowed: bool
) -> None:
    """Moving away must be possible; from an account that was taken down only with the token made for that."""
    alice = await house.account()
    await house.set_status(alice, status)
    owner = Caller(alice.id, alice.did, alice.handle, scope, None)

    with nullcontext() if allowed else pytest.raises(RepoTakendown):
        assert (await house.db.read(lambda tx: hosting.readable(tx, alice.did, owner))).id == alice.id


async def test_an_inactive_account_is_shown_to_the_administrator_and_to_no_other_account(house: House) -> None:
    """Whoever decided on the takedown has to see what there is."""
    alice, bob = await house.account(), await house.account("bob")
    await house.set_status(alice, "deactivated")

    assert (await house.db.read(lambda tx: hosting.readable(tx, alice.did, Administrator()))).id == alice.id
    with pytest.raises(RepoDeactivated):
        await house.db.read(lambda tx: hosting.readable(tx, alice.did, caller_of(bob)))


async def test_nobodys_repository_is_not_found(house: House) -> None:
    """A DID that is not hosted here, or no longer, is told by name."""
    with pytest.raises(RepoNotFound, match=rf"^Could not find repo: {did_of('nobody')}$"):
        await house.db.read(lambda tx: hosting.readable(tx, did_of("nobody")))
