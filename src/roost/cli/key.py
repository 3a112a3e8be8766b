"""`roost key`: which keys are at work here. Only their public halves ever leave the server."""

import asyncio
from typing import Annotated, Final

import typer

from roost.cli.output import fields
from roost.cli.settings import Data, Dev, File, find, identifier, offline, settings
from roost.config import Config
from roost.services.registration import Registration
from roost.services.repos import Repos

app = typer.Typer(no_args_is_help=True, help="See the public keys at work.")

OTHERWISE: Final = "look into a DID document of this server's accounts, which names its key"


@app.callback()
def _key() -> None:
    """Keep `show` a word of its own."""


@app.command()
def show(
    account: Annotated[
        str | None, typer.Argument(metavar="[ACCOUNT]", help="Whose key too.", show_default=False)
    ] = None,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Print the did:key that this server changes DIDs with, and the one that an account's commits are signed with."""
    fields(asyncio.run(_show(settings(data, config, dev=dev), account)))


async def _show(config: Config, name: str | None) -> list[tuple[str, str]]:
    async with offline(config, otherwise=OTHERWISE) as server:
        keys = [("PLC rotation key", server.get(Registration).rotation_key)]
        if name is not None:
            account = await find(server, identifier(name))
            keys.append((f"Signing key of {account.handle}", await server.get(Repos).signing_key(account)))
        return keys
