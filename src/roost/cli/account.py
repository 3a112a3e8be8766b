"""`roost account`: the accounts of a server, in its operator's hands, while the server does not run."""

import asyncio
import sys
from collections.abc import AsyncIterator
from secrets import token_urlsafe
from typing import Annotated, Final

import typer
from rich.table import Table

from roost.app import Server
from roost.cli.output import MISUSED, console, fail, fields, is_terminal, machine, say, tabbed
from roost.cli.settings import Data, Dev, File, Identifier, Json, acting, find, identifier, offline, settings
from roost.config import Config
from roost.services.accounts import Account, Accounts
from roost.services.policy import Policy
from roost.services.registration import Application, Registration
from roost.syntax import Handle, InvalidSyntax

app = typer.Typer(no_args_is_help=True, help="Make, list, delete and let back in accounts.")

OTHERWISE: Final = (
    "ask it over HTTP as the administrator: createInviteCode and createAccount of com.atproto.server;"
    " searchAccounts, updateAccountPassword and deleteAccount of com.atproto.admin"
)
CREATE_OTHERWISE: Final = (
    "ask it over HTTP: com.atproto.server.createAccount, with a code of `roost invite create --url URL`"
)
PAGE: Final = 500
"""Accounts read at a time."""

WIDTH: Final = 1000
"""More columns than a handle, a DID and an email address of the usual kind take."""

Password = Annotated[
    str | None,
    typer.Option("--password", help="The password; - reads it from standard input.", show_default="made and printed"),
]


@app.command()
def create(
    handle: Annotated[str, typer.Argument(help="The whole, or its first label.", show_default=False)],
    email: Annotated[str, typer.Option(help="Where mail for the account goes.", show_default=False)],
    password: Password = None,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
    json: Json = False,
) -> None:
    """Make an account, past the invites."""
    secret = _password(password)
    account = asyncio.run(_create(settings(data, config, dev=dev), handle, email, secret))
    if json:
        machine(account_fields(account) | {"password": secret})
        return
    say("The account is made.")
    shown = [("Handle", str(account.handle)), ("DID", str(account.did)), ("Email", email)]
    fields([*shown, *([("Password", secret)] if password is None else [])])


async def _create(config: Config, name: str, email: str, password: str) -> Account:
    async with offline(config, otherwise=CREATE_OTHERWISE, fresh=True) as server:
        handle = _handle(name, server.get(Policy).domains[0])
        async with acting(server, "account create") as action:
            made = await server.get(Registration).register(Application(handle, email, password), invited=False)
            action.about(made.account.did, did=made.account.did)
        return made.account


@app.command("list")
def list_(data: Data = None, config: File = None, dev: Dev = None, json: Json = False) -> None:
    """List all accounts, oldest first: handle, DID, email, status and when each was made."""
    asyncio.run(_list(settings(data, config, dev=dev), json=json))


async def _list(config: Config, *, json: bool) -> None:
    async with offline(config, otherwise=OTHERWISE) as server:
        found = [account_fields(account) async for account in _all(server)]
    show_accounts(found, json=json)


def show_accounts(found: list[dict[str, object]], *, json: bool) -> None:
    """Write a list of accounts, for a person, a program, or a pipe."""
    if json:
        machine(found)
    elif is_terminal():
        table = Table("Handle", "DID", "Email", "Status", "Made", box=None, header_style="dim", pad_edge=False)
        for account in found:
            table.add_row(*_cells(account))
        # As wide as it is: a terminal that is narrower breaks the line, Rich would cut the DID.
        console(width=WIDTH).print(table)
        say(f"{len(found)} accounts" if len(found) != 1 else "1 account", style="dim")
    else:
        for account in found:
            tabbed(_cells(account))


async def _all(server: Server) -> AsyncIterator[Account]:
    after = 0
    while page := await server.get(Accounts).page(after=after, limit=PAGE):
        for account in page:
            yield account
        after = page[-1].id


@app.command()
def delete(
    account: Identifier,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Delete an account with its repository, for good; its DID stays its owner's."""
    asyncio.run(_delete(settings(data, config, dev=dev), account, sure=yes))


async def _delete(config: Config, name: str, *, sure: bool) -> None:
    async with offline(config, otherwise=OTHERWISE) as server:
        account = await find(server, identifier(name))
        if not sure:
            typer.confirm(
                f"Delete {account.handle} ({account.did}) and everything in its repository?", abort=True, err=True
            )
        async with acting(server, "account delete", account) as action:
            await server.get(Accounts).delete(account.id, action=action)
    say(f"{account.handle} ({account.did}) is deleted.")


@app.command("reset-password")
def reset_password(
    account: Identifier, password: Password = None, data: Data = None, config: File = None, dev: Dev = None
) -> None:
    """Give an account a new password, and sign it out everywhere."""
    secret = _password(password)
    found = asyncio.run(_reset(settings(data, config, dev=dev), account, secret))
    say(f"{found.handle} ({found.did}) has a new password, and all its sessions have ended.")
    if password is None:
        fields([("Password", secret)])


async def _reset(config: Config, name: str, password: str) -> Account:
    async with offline(config, otherwise=OTHERWISE) as server:
        account = await find(server, identifier(name))
        async with acting(server, "account reset-password", account) as action:
            await server.get(Accounts).set_password(account.id, password, action=action)
        return account


def _handle(text: str, domain: str) -> Handle:
    """Read a handle; a bare name is one under the server's first domain."""
    try:
        return Handle.parse(text if "." in text else f"{text}.{domain}")
    except InvalidSyntax as error:
        fail(str(error), code=MISUSED)


def _password(given: str | None) -> str:
    if given == "-":
        return sys.stdin.readline().rstrip("\r\n")
    return token_urlsafe(15) if given is None else given


def account_fields(account: Account) -> dict[str, object]:
    """Return what a list tells of an account."""
    return {
        "handle": account.handle,
        "did": account.did,
        "email": account.email,
        "status": account.status or "active",
        "createdAt": account.created_text,
    }


def _cells(account: dict[str, object]) -> list[str]:
    return [str(value or "") for value in account.values()]
