"""`roost invite`: letting people in."""

import asyncio
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final

import typer

from roost.cli.output import MISUSED, fail, machine, say, table
from roost.cli.remote import Remote
from roost.cli.settings import AdminPassword, Data, Dev, File, Json, Url, acting, find, identifier, offline, settings
from roost.cli.settings import admin_password as password_of
from roost.config import Config
from roost.services.invites import Invites, Told
from roost.syntax import now_text

app = typer.Typer(no_args_is_help=True, help="Let people in.")

OTHERWISE: Final = "add --url URL to have that server make the code"
LIST_OTHERWISE: Final = "ask it over HTTP as the administrator"


class Order(StrEnum):
    """Which codes come first."""

    RECENT = "recent"
    USAGE = "usage"


@app.command()
def create(
    uses: Annotated[int, typer.Option(help="How many accounts the code admits.", min=1)] = 1,
    url: Url = None,
    admin_password: AdminPassword = None,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Print a new invite code."""
    known = settings(data, config, dev=dev)
    if url is None:
        say(asyncio.run(_create(known, uses)))
        return
    with Remote(url) as server:
        say(server.invite(uses=uses, password=password_of(known, admin_password)))


async def _create(config: Config, uses: int) -> str:
    async with (
        offline(config, otherwise=OTHERWISE, fresh=True) as server,
        acting(server, "invite create") as action,
    ):
        return await server.get(Invites).create(uses=uses, action=action)


@app.command("list")
def list_(
    sort: Annotated[Order, typer.Option(help="Which come first: the newest, or the most used.")] = Order.RECENT,
    limit: Annotated[int, typer.Option(help="How many at the most.", min=1)] = 100,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
    json: Json = False,
) -> None:
    """List codes: how many each admits, how many it still does, in whose name, and whom it admitted."""
    found = asyncio.run(_list(settings(data, config, dev=dev), sort, limit))
    if json:
        machine([_told(each) for each in found])
    elif found:
        table(("CODE", "USES", "LEFT", "FOR", "MADE", "STATUS"), [_row(each) for each in found])
    else:
        say("No codes.")


async def _list(config: Config, sort: Order, limit: int) -> list[Told]:
    async with offline(config, otherwise=LIST_OTHERWISE) as server:
        invites = server.get(Invites)
        return await (invites.newest if sort is Order.RECENT else invites.most_used)(limit=limit)


@app.command()
def disable(
    codes: Annotated[list[str] | None, typer.Argument(metavar="[CODE]...", help="The codes.")] = None,
    account: Annotated[
        list[str] | None, typer.Option("--account", help="All codes of this account, by handle or DID; repeatable.")
    ] = None,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Have codes admit nobody any more; those who are in stay in."""
    if not codes and not account:
        fail("Name codes, or an account with --account", code=MISUSED)
    changed = asyncio.run(_disable(settings(data, config, dev=dev), codes or [], account or []))
    say(f"{changed} {'code is' if changed == 1 else 'codes are'} disabled now.")


async def _disable(config: Config, codes: list[str], names: list[str]) -> int:
    async with offline(config, otherwise=LIST_OTHERWISE) as server:
        owners = [str((await find(server, identifier(name))).did) for name in names]
        async with acting(server, "invite disable") as action:
            return await server.get(Invites).disable(codes=codes, accounts=owners, action=action)


def _told(told: Told) -> dict[str, object]:
    invite = told.invite
    return {
        "code": invite.code,
        "uses": invite.uses,
        "available": invite.available,
        "disabled": invite.disabled,
        "forAccount": invite.for_account,
        "createdAt": _time(invite.created_at),
        "usedBy": [str(use.did) for use in told.used_by],
    }


def _row(told: Told) -> tuple[str, ...]:
    invite = told.invite
    status = "disabled" if invite.disabled else "open" if invite.available else "used up"
    return (
        invite.code,
        str(invite.uses),
        str(invite.available),
        invite.for_account,
        _time(invite.created_at),
        status,
    )


def _time(at: int) -> str:
    return now_text(datetime.fromtimestamp(at / 1000, UTC))
