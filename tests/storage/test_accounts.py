"""Accounts and their names, on both engines."""

from functools import partial

import pytest

from roost.storage import Database, Tx, accounts, identity_changes
from roost.storage.accounts import Account, Reservation
from roost.storage.identity_changes import IdentityChange
from roost.syntax import Did, Handle

pytestmark = pytest.mark.anyio

ALICE = Did.parse("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
BOB = Did.parse("did:plc:bbbbbbbbbbbbbbbbbbbbbbbb")


def add(tx: Tx, did: Did = ALICE, handle: str = "alice.test", email: str | None = "alice@mail.test") -> int:
    """Add an account."""
    return accounts.add(
        tx,
        did=did,
        handle=Handle.parse(handle),
        email=email,
        password="hash",
        signing_key=b"sealed",
        now=1_700_000_000_000,
    )


async def test_an_account_is_found_by_each_of_its_names(tables: Database) -> None:
    """Id, DID, handle and email lead to the same account, and other names to none."""
    id = await tables.write(add)

    found = await tables.read(
        lambda tx: [
            accounts.by_id(tx, id),
            accounts.by_did(tx, ALICE),
            accounts.by_handle(tx, Handle.parse("alice.test")),
            accounts.by_email(tx, "alice@mail.test"),
        ]
    )
    missing = await tables.read(lambda tx: [accounts.by_did(tx, BOB), accounts.by_email(tx, "ALICE@mail.test")])

    made = 1_700_000_000_000
    alice = Account(id, ALICE, Handle("alice.test"), "alice@mail.test", "hash", None, made, signing_key_at=made)
    assert (found, missing) == ([alice] * 4, [None, None])
    assert alice.created_text == "2023-11-14T22:13:20.000Z"


async def test_ids_are_never_given_out_twice(tables: Database) -> None:
    """The id of a deleted account, which may stand in caches and keys of rows, comes to nobody else."""
    first = await tables.write(add)
    await tables.write(lambda tx: accounts.delete(tx, first))

    second = await tables.write(add)

    assert second > first


async def test_the_signing_key_is_kept_apart_from_the_account(tables: Database) -> None:
    """Reading an account does not read its key; asking for the key gives it as it was sealed."""
    id = await tables.write(add)

    assert await tables.read(lambda tx: accounts.signing_key(tx, id)) == b"sealed"


async def test_a_password_is_replaced(tables: Database) -> None:
    """The new hash is there, and nothing else of the account has changed."""
    id = await tables.write(add)

    await tables.write(lambda tx: accounts.set_password(tx, id, "other"))

    account = await tables.read(lambda tx: accounts.by_id(tx, id))
    assert account is not None
    assert (account.password, account.handle) == ("other", "alice.test")


@pytest.mark.parametrize(
    ("takedown", "deactivated", "status"),
    [(None, None, None), (None, 1, "deactivated"), ("why", None, "takendown"), ("why", 1, "takendown")],
)
async def test_the_status_follows_from_both_states(
    tables: Database, takedown: str | None, deactivated: int | None, status: str | None
) -> None:
    """An account can be taken down and deactivated at once; ending the one leaves the other."""
    id = await tables.write(add)

    def change(tx: Tx) -> None:
        accounts.set_takedown(tx, id, "an earlier reason")
        accounts.set_deactivated(tx, id, deactivated, delete_after=7)
        accounts.set_takedown(tx, id, takedown)

    await tables.write(change)

    account = await tables.read(lambda tx: accounts.by_id(tx, id))
    assert account is not None
    assert (account.status, account.takedown_ref, account.deactivated_at) == (status, takedown, deactivated)
    assert account.delete_after == 7


async def test_accounts_are_paged_and_counted(tables: Database) -> None:
    """Pages go on after an id, oldest first."""
    first = await tables.write(add)
    second = await tables.write(lambda tx: add(tx, BOB, "bob.test", None))

    pages = await tables.read(
        lambda tx: [accounts.page(tx, 0, 1), accounts.page(tx, first, 9), accounts.page(tx, second, 9)]
    )

    assert [[account.id for account in page] for page in pages] == [[first], [second], []]
    assert await tables.read(accounts.count) == 2


async def test_a_name_is_taken_by_account_reservation_or_hold(tables: Database) -> None:
    """A handle is free only when nobody has it, is about to have it, or had it until lately."""
    await tables.write(add)
    coming = Reservation(Handle("bob.test"), "bob@mail.test", BOB, None, 5)
    await tables.write(lambda tx: accounts.reserve(tx, coming))
    await tables.write(lambda tx: accounts.hold_handle(tx, Handle("carol.test"), until=100))

    def ask(tx: Tx) -> list[bool]:
        names = ("alice.test", "bob.test", "carol.test", "dave.test")
        handles = [accounts.handle_taken(tx, Handle(name), 99) for name in names]
        return [*handles, accounts.handle_taken(tx, Handle("carol.test"), 100)] + [
            accounts.email_taken(tx, address) for address in ("alice@mail.test", "bob@mail.test", "carol@mail.test")
        ]

    assert await tables.read(ask) == [True, True, True, False, False, True, True, False]
    assert await tables.read(accounts.reservations) == [coming]


async def test_a_reservation_is_released_once(tables: Database) -> None:
    """Releasing tells whether there was anything to release."""
    await tables.write(lambda tx: accounts.reserve(tx, Reservation(Handle("bob.test"), None, BOB, "code", 5)))

    released = [await tables.write(lambda tx: accounts.release(tx, BOB)) for _ in range(2)]

    assert released == [True, False]


async def test_a_held_handle_can_be_held_longer_and_is_dropped_in_time(tables: Database) -> None:
    """Holding again moves the end; dropping takes what is over."""
    for until in (50, 100):
        await tables.write(partial(accounts.hold_handle, handle=Handle("carol.test"), until=until))
    await tables.write(lambda tx: accounts.drop_held_handles(tx, 99))
    held = await tables.read(lambda tx: accounts.handle_taken(tx, Handle("carol.test"), 0))

    await tables.write(lambda tx: accounts.drop_held_handles(tx, 100))

    assert (held, await tables.read(lambda tx: accounts.handle_taken(tx, Handle("carol.test"), 0))) == (True, False)


async def test_a_signing_key_is_never_as_old_as_the_one_before(tables: Database) -> None:
    """Whatever the clock does: the caches of several processes tell keys apart by their age."""
    id = await tables.write(add)
    made = [await tables.read(lambda tx: accounts.signing_key_at(tx, id))]
    for now in (made[0] + 5, made[0] + 5, 1):
        await tables.write(partial(accounts.set_signing_key, account=id, sealed=b"other", now=now))
        made.append(await tables.read(lambda tx: accounts.signing_key_at(tx, id)))

    assert made == sorted(set(made))
    assert await tables.read(lambda tx: accounts.signing_key(tx, id)) == b"other"


async def test_a_handle_can_be_invalid(tables: Database) -> None:
    """It stays the account's, and is not shown; a new one is valid."""
    id = await tables.write(add)
    await tables.write(lambda tx: accounts.set_handle_invalid(tx, id, 5))
    invalid = await tables.read(lambda tx: accounts.by_id(tx, id))
    await tables.write(lambda tx: accounts.set_handle(tx, id, Handle("alison.test")))
    valid = await tables.read(lambda tx: accounts.by_id(tx, id))

    assert invalid is not None
    assert valid is not None
    assert (invalid.handle, invalid.public_handle, invalid.handle_invalid_at) == ("alice.test", "handle.invalid", 5)
    assert (valid.handle, valid.public_handle) == ("alison.test", "alison.test")


async def test_what_somebody_has_or_gave_up_is_free_for_them(tables: Database) -> None:
    """For everybody else it is taken; past the holds, only what somebody has."""
    id = await tables.write(add)
    await tables.write(lambda tx: accounts.hold_handle(tx, Handle("old.test"), until=100, did=ALICE))
    change = IdentityChange(id, b"{}", Handle("new.test"), None, 1)
    await tables.write(lambda tx: identity_changes.add(tx, change))

    def taken(tx: Tx, did: Did | None, *, held_too: bool = True) -> list[bool]:
        names = ("alice.test", "new.test", "old.test")
        return [accounts.handle_taken(tx, Handle(name), 5, did=did, held_too=held_too) for name in names]

    assert await tables.read(lambda tx: taken(tx, ALICE)) == [False, False, False]
    assert await tables.read(lambda tx: taken(tx, BOB)) == [True, True, True]
    assert await tables.read(lambda tx: taken(tx, None)) == [True, True, True]
    assert await tables.read(lambda tx: taken(tx, BOB, held_too=False)) == [True, True, False]


async def test_of_the_handles_kept_for_one_did_the_oldest_become_free(tables: Database) -> None:
    """Those kept for nobody, or for others, are not counted."""
    await tables.write(lambda tx: accounts.hold_handle(tx, Handle("gone.test"), until=1))
    await tables.write(lambda tx: accounts.hold_handle(tx, Handle("bobs.test"), until=1, did=BOB))
    for n in range(5):
        await tables.write(partial(accounts.hold_handle, handle=Handle(f"a{n}.test"), until=10 + n, did=ALICE))

    names = ["gone", "bobs", *(f"a{n}" for n in range(5))]
    held = await tables.read(
        lambda tx: [name for name in names if accounts.handle_taken(tx, Handle(f"{name}.test"), 0)]
    )
    assert held == ["gone", "bobs", "a2", "a3", "a4"]

    await tables.write(lambda tx: accounts.release_handle(tx, Handle("a3.test")))
    assert not await tables.read(lambda tx: accounts.handle_taken(tx, Handle("a3.test"), 0))


async def test_identities_are_due_in_turn(tables: Database) -> None:
    """Of the active accounts, those that were looked at longest ago come first; a new one is not due."""
    alice = await tables.write(add)
    bob = await tables.write(lambda tx: add(tx, BOB, "bob.test", None))
    assert await tables.read(lambda tx: accounts.identity_due(tx, 1_700_000_000_000, 9)) == []

    await tables.write(lambda tx: accounts.set_identity_due(tx, alice, 7, failures=2))
    await tables.write(lambda tx: accounts.set_identity_due(tx, bob, 5))

    assert await tables.read(lambda tx: accounts.identity_due(tx, 7, 9)) == [(bob, 0), (alice, 2)]
    assert await tables.read(lambda tx: accounts.identity_due(tx, 7, 1)) == [(bob, 0)]
    assert await tables.read(lambda tx: accounts.identity_due(tx, 6, 9)) == [(bob, 0)]
    assert await tables.read(lambda tx: accounts.identity_failures(tx, alice)) == 2
    await tables.write(lambda tx: accounts.set_deactivated(tx, bob, 1))
    assert await tables.read(lambda tx: accounts.identity_due(tx, 7, 9)) == [(alice, 2)]


async def test_searching_takes_a_text_as_it_is(tables: Database) -> None:
    """Within email addresses and handles in any case, or a whole DID; what SQL would take for any character is not."""

    def fill(tx: Tx) -> None:
        add(tx)
        add(tx, BOB, "bob.test", "b_b@mail.test")
        add(tx, Did.parse("did:web:c.test"), "c.test", None)

    await tables.write(fill)

    def found(tx: Tx, text: str) -> list[str]:
        return [each.handle for each in accounts.matching(tx, text=text, after=0, through=10, limit=10)]

    async def search(text: str) -> list[str]:
        return await tables.read(partial(found, text=text))

    assert await search("MAIL.test") == ["alice.test", "bob.test"]
    assert await search("test") == ["alice.test", "bob.test", "c.test"]
    assert await search("b_b") == ["bob.test"]
    assert await search("did:web:c.test") == ["c.test"]
    assert [await search(text) for text in ("%", "a_ice", "~", "\\", "did:web", "'")] == [[]] * 6


async def test_a_search_looks_at_some_ids_only(tables: Database) -> None:
    """So that a large host is searched in many short reads."""

    def fill(tx: Tx) -> list[int]:
        return [add(tx, Did.parse(f"did:web:{n}.test"), f"a{n}.test", None) for n in range(4)]

    ids = await tables.write(fill)

    found = await tables.read(lambda tx: accounts.matching(tx, text="a", after=ids[0], through=ids[2], limit=10))

    assert [each.id for each in found] == ids[1:3]
    assert await tables.read(accounts.last_id) == ids[3]


async def test_a_new_address_is_not_a_confirmed_one(tables: Database) -> None:
    """Whoever confirmed the old one has not shown that the new one is theirs."""
    id = await tables.write(add)
    await tables.write(lambda tx: tx.run("UPDATE account SET email_confirmed_at = 1"))

    await tables.write(lambda tx: accounts.set_email(tx, id, "new@mail.test"))
    await tables.write(lambda tx: accounts.set_invites_disabled(tx, id, 1))

    account = await tables.read(lambda tx: accounts.by_id(tx, id))
    assert account is not None
    assert (account.email, account.email_confirmed_at, account.invites_disabled) == ("new@mail.test", None, True)


async def test_an_address_is_confirmed(tables: Database) -> None:
    """At a time, which another address forgets."""
    id = await tables.write(add)

    await tables.write(lambda tx: accounts.confirm_email(tx, id, 7))
    found = await tables.read(lambda tx: accounts.by_id(tx, id))
    assert found is not None
    assert found.email_confirmed_at == 7


async def test_accounts_are_due_when_their_time_is_over(tables: Database) -> None:
    """The longest overdue first; one that is active again or was taken down is not, nor one without a time."""
    ids = [
        await tables.write(partial(add, did=Did(f"did:web:{name}.test"), handle=f"{name}.test", email=None))
        for name in ("a", "b", "c", "d", "e")
    ]

    def change(tx: Tx) -> None:
        for id, until in zip(ids, (30, 20, None, 10, 10), strict=True):
            accounts.set_deactivated(tx, id, 1, delete_after=until)
        accounts.set_takedown(tx, ids[3], "spam")
        accounts.set_deactivated(tx, ids[4], None)

    await tables.write(change)

    found = await tables.read(lambda tx: [accounts.due(tx, now, 10) for now in (9, 20, 30)])
    assert found == [[], [ids[1]], [ids[1], ids[0]]]
    assert await tables.read(lambda tx: accounts.due(tx, 30, 1)) == [ids[1]]
