"""What tests of accounts do to them: put them into a state, read their mail, sign in with a program's password."""

import asyncio
import dataclasses
from collections.abc import Callable

import httpx

from roost.data.value import Value
from roost.devnet.mailbox import Letter
from roost.storage import accounts
from roost.storage.db import Row, Tx
from roost.syntax import Did
from support.calls import inside, session_of
from support.house import opened
from support.server import PASSWORD, Person, Roost

SERVER = "com.atproto.server"


def change(roost: Roost, person: Person, work: Callable[[Tx, int], object]) -> None:
    """Do something to an account in the server's database."""
    server = roost.app.server
    assert server is not None

    def found(tx: Tx) -> None:
        account = accounts.by_did(tx, Did.parse(person.did))
        assert account is not None
        work(tx, account.id)

    async def run() -> None:
        await server.db.write(found)

    inside(roost, run())


def take_down(roost: Roost, person: Person, ref: str | None = "spam") -> None:
    """Take an account down, or restore it; its sessions are left, so that one sees what they are good for."""
    change(roost, person, lambda tx, account: accounts.set_takedown(tx, account, ref))


def deactivate(roost: Roost, person: Person, *, delete_after: int | None = None) -> None:
    """Deactivate an account, to be deleted after that time."""
    change(roost, person, lambda tx, account: accounts.set_deactivated(tx, account, 1, delete_after=delete_after))


def confirm(roost: Roost, person: Person) -> None:
    """Note that an account's address is its owner's."""
    change(roost, person, lambda tx, account: accounts.confirm_email(tx, account, 1))


def signed_in(roost: Roost, person: Person, password: str = PASSWORD, **extra: object) -> Person:
    """Return a person with a session of today's kind, opened with that password."""
    body = {"identifier": person.did, "password": password} | extra
    session = session_of(roost, roost.post(f"{SERVER}.createSession", json=body))
    return dataclasses.replace(person, jwt=session.access)


def app_password(person: Person, name: str = "app", *, privileged: bool = False) -> str:
    """Make an app password and return its text."""
    answer = person.post(f"{SERVER}.createAppPassword", json={"name": name, "privileged": privileged})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["password"])


def program(roost: Roost, person: Person, *, privileged: bool = False) -> Person:
    """Return a person with a session that was opened with an app password."""
    name = "privileged" if privileged else "plain"
    return signed_in(roost, person, app_password(person, name, privileged=privileged))


def letter_after(roost: Roost, person: Person, ask: Callable[[], httpx.Response]) -> Letter:
    """Ask for a mail and return it."""
    after = max((letter.number for letter in roost.mailbox.to(person.email)), default=0)
    answer = ask()
    assert answer.status_code == 200, answer.text
    return asyncio.run(roost.mailbox.wait_for(person.email, after=after))


def mailed(roost: Roost, person: Person, method: str) -> str:
    """Ask for a token by that method of com.atproto.server, and return it."""
    return letter_after(roost, person, lambda: person.post(f"{SERVER}.{method}")).tokens[0]


def events_of(roost: Roost, person: Person) -> list[tuple[str, dict[str, Value]]]:
    """Return the names and bodies of all events that the log has of an account."""
    server = roost.app.server
    assert server is not None

    def read(tx: Tx) -> list[bytes]:
        rows = tx.all("SELECT frame FROM event JOIN account ON account = id WHERE did = ? ORDER BY seq", person.did)
        return [row[0] for row in rows]

    async def run() -> list[bytes]:
        return await server.db.read(read)

    return [opened(frame) for frame in inside(roost, run())]


def row_of(roost: Roost, person: Person, columns: str) -> Row:
    """Return columns of an account's row."""
    server = roost.app.server
    assert server is not None

    async def run() -> Row | None:
        return await server.db.read(lambda tx: tx.one(f"SELECT {columns} FROM account WHERE did = ?", person.did))

    row = inside(roost, run())
    assert row is not None
    return row
