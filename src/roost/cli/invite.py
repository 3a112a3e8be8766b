"""`roost invite`: letting people in."""

import asyncio
from typing import Annotated, Final

import typer

from roost.cli.output import MISUSED, fail, say
from roost.cli.remote import Remote
from roost.cli.settings import Data, Dev, File, Url, offline, settings
from roost.config import Config
from roost.running import saved_admin_password
from roost.services.invites import Invites

app = typer.Typer(no_args_is_help=True, help="Let people in.")

OTHERWISE: Final = "add --url URL to have that server make the code"


@app.callback()
def _invite() -> None:
    """Keep `create` a word of its own: Typer takes a lone command for the whole program."""


@app.command()
def create(
    uses: Annotated[int, typer.Option(help="How many accounts the code admits.", min=1)] = 1,
    url: Url = None,
    admin_password: Annotated[
        str | None, typer.Option(help="For --url: the administrator's.", show_default="what the data directory holds")
    ] = None,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Print a new invite code."""
    known = settings(data, config, dev=dev)
    if url is None:
        say(asyncio.run(_create(known, uses)))
        return
    password = admin_password or saved_admin_password(known)
    if password is None:
        fail(f"There is no administrator's password in {known.data}: give --data or --admin-password", code=MISUSED)
    with Remote(url) as server:
        say(server.invite(uses=uses, password=password))


async def _create(config: Config, uses: int) -> str:
    async with offline(config, otherwise=OTHERWISE, fresh=True) as server:
        return await server.get(Invites).create(uses=uses)
