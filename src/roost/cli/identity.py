"""`roost identity`: whether what the network finds of accounts is what is here, and telling it of them anew."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
import typer

from roost.app import Server
from roost.cli.output import FAILED, MISUSED, counting, fail, machine, say, table
from roost.cli.settings import Data, Dev, File, Json, acting, find, identifier, offline, settings
from roost.config import Config
from roost.services.accounts import Account, Accounts
from roost.services.did_check import DidCheck
from roost.services.errors import ServiceError
from roost.services.identity_changes import Change, IdentityChanges
from roost.services.upkeep import Upkeep, Verdict

app = typer.Typer(no_args_is_help=True, help="Compare the network's view of accounts with ours, and tell it anew.")

STOP: Final = "stop it first"
PAGE: Final = 500
"""Accounts read at a time."""

AT_ONCE: Final = 8
"""Accounts looked at together: a directory answers one in a tenth of a second."""

All = Annotated[bool, typer.Option("--all", help="Every account of this server.")]
MaybeAccount = Annotated[str | None, typer.Argument(metavar="[ACCOUNT]", help="Its handle or DID.", show_default=False)]


class Found(msgspec.Struct, frozen=True, rename="camel"):
    """What was found of one account: nothing to say, or what differs."""

    handle: str
    did: str
    status: str
    problems: list[str]


@app.command()
def check(
    account: MaybeAccount = None,
    all_: All = False,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
    json: Json = False,
) -> None:
    """Compare handle, DID document, keys and endpoint of an account with what is here; exit 1 where they differ.

    With --all, of every account; those that are not active may live elsewhere, and are left out.
    """
    found = asyncio.run(_check(settings(data, config, dev=dev), _one(account, all_)))
    wrong = [each for each in found if each.problems]
    if json:
        machine(msgspec.to_builtins(found))
    else:
        table(("HANDLE", "DID", "STATUS", "DIFFERS"), [row for each in found for row in _rows(each)])
        say(f"{len(found) - len(wrong)} of {len(found)} in order", style="red" if wrong else "green")
    if wrong:
        raise typer.Exit(FAILED)


@app.command()
def publish(
    account: MaybeAccount = None, all_: All = False, data: Data = None, config: File = None, dev: Dev = None
) -> None:
    """Tell the network anew of an account's identity, so that it looks at the DID again."""
    count = asyncio.run(_publish(settings(data, config, dev=dev), _one(account, all_)))
    say(f"Told of {count} accounts." if count != 1 else "Told of 1 account.")


def _one(account: str | None, all_: bool) -> str | None:
    """Return the account that was named; None for all of them."""
    if (account is None) != all_:
        fail("Name an account, or give --all", code=MISUSED)
    return account


async def _check(config: Config, name: str | None) -> list[Found]:
    async with offline(config, otherwise=STOP) as server:
        if name is not None:
            return [await _look(server, await find(server, identifier(name)))]
        accounts = [account async for account in _all(server) if account.status is None]
        gate = asyncio.Semaphore(AT_ONCE)
        with counting("Checking", len(accounts)) as done:

            async def look(account: Account) -> Found:
                async with gate:
                    found = await _look(server, account)
                    done()
                    return found

            return list(await asyncio.gather(*[look(account) for account in accounts]))


async def _look(server: Server, account: Account) -> Found:
    problems = []
    try:
        problems += [each.message for each in await server.get(DidCheck).differences(account, handle_too=True)]
        leads = await server.get(Upkeep).leads_here(account)
        if leads is not Verdict.VALID:
            unsure = leads is Verdict.UNSURE
            problems.append(
                f"Nobody can say whose {account.handle} is" if unsure else f"{account.handle} leads elsewhere"
            )
    except ServiceError as error:
        problems.append(error.message)
    if account.handle_invalid_at is not None and not problems:
        problems.append("The handle is shown as handle.invalid; the next look at it ends that")
    return Found(str(account.handle), str(account.did), account.status or "active", problems)


async def _publish(config: Config, name: str | None) -> int:
    async with offline(config, otherwise=STOP) as server:
        changes = server.get(IdentityChanges)
        if name is not None:
            account = await find(server, identifier(name))
            async with acting(server, "identity publish", account):
                await changes.apply(account.id, Change())
            return 1
        accounts = [account async for account in _all(server)]
        with counting("Telling", len(accounts)) as done:
            for account in accounts:
                async with acting(server, "identity publish", account):
                    await changes.apply(account.id, Change())
                done()
        return len(accounts)


async def _all(server: Server) -> AsyncIterator[Account]:
    after = 0
    while page := await server.get(Accounts).page(after=after, limit=PAGE):
        for account in page:
            yield account
        after = page[-1].id


def _rows(found: Found) -> list[tuple[str, str, str, str]]:
    """Return the lines of a table that tell of an account: one for each thing that differs."""
    first, *more = found.problems or ["-"]
    return [(found.handle, found.did, found.status, first), *(("", "", "", each) for each in more)]
