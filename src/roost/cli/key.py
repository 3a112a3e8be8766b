"""`roost key`: the keys at work here, and new ones in their place. Only public halves ever leave the server."""

import asyncio
from typing import Annotated, Final

import typer

from roost.app import Server
from roost.cli.output import FAILED, MISUSED, counting, fail, fields, machine, note, say, tell
from roost.cli.settings import Data, Dev, File, Identifier, Json, acting, find, identifier, offline, settings
from roost.config import Config
from roost.services.accounts import Account, Accounts
from roost.services.errors import AccountNotFound, InvalidRequest, ServiceError
from roost.services.key_rotation import KeyRotation
from roost.services.registration import Registration
from roost.services.repos import Repos

app = typer.Typer(no_args_is_help=True, help="See the public keys at work, and replace keys.")
recovery = typer.Typer(no_args_is_help=True, help="Rotation keys that outrank this server's own.")
app.add_typer(recovery, name="recovery")

OTHERWISE: Final = "look into a DID document of this server's accounts, which names its key"
STOP: Final = "stop it first"

All = Annotated[bool, typer.Option("--all", help="Every account of this server.")]
MaybeAccount = Annotated[str | None, typer.Argument(metavar="[ACCOUNT]", help="Its handle or DID.", show_default=False)]


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


@app.command()
def rotate(
    account: MaybeAccount = None,
    all_: All = False,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
    json: Json = False,
) -> None:
    """Give an account a new signing key: in its DID, then in its repository, which is signed anew.

    With --all, every account that has a did:plc; interrupted, the same command goes on where it was.
    """
    if (account is None) != all_:
        fail("Name an account, or give --all", code=MISUSED)
    made, failed = asyncio.run(_rotate(settings(data, config, dev=dev), account))
    if json:
        machine({"rotated": made, "failed": failed})
    else:
        fields([(did, key) for did, key in made.items()] or [("Done", "0 accounts")])
        for did, problem in failed.items():
            tell(f"{did}: {problem}")
    if failed:
        raise typer.Exit(FAILED)


async def _rotate(config: Config, name: str | None) -> tuple[dict[str, str], dict[str, str]]:
    """Return the new key of each account, and why the others have none, by DID."""
    async with offline(config, otherwise=STOP) as server:
        rotation = server.get(KeyRotation)
        if name is not None:
            account = await find(server, identifier(name))
            async with acting(server, "key rotate", account):
                return {str(account.did): await rotation.rotate(account)}, {}
        left = await rotation.begin_all()
        note(f"{len(left)} to do")
        made, failed = dict[str, str](), dict[str, str]()
        with counting("New keys", len(left)) as done:
            for id in left:
                await _rotate_one(server, id, made, failed)
                done()
        return made, failed


async def _rotate_one(server: Server, id: int, made: dict[str, str], failed: dict[str, str]) -> None:
    rotation = server.get(KeyRotation)
    try:
        account: Account = await server.get(Accounts).get(id)
    except AccountNotFound:
        await rotation.skip(id)
        return
    try:
        async with acting(server, "key rotate", account):
            made[str(account.did)] = await rotation.rotate(account)
    except InvalidRequest as error:
        # The same the next time: it does not stay on the list. What may pass, a directory that is down, does.
        await rotation.skip(id)
        failed[str(account.did)] = error.message
    except ServiceError as error:
        failed[str(account.did)] = error.message


@recovery.command("add")
def add(
    account: Identifier,
    key: Annotated[str, typer.Argument(metavar="DIDKEY", help="A public key, did:key:z….", show_default=False)],
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Put a rotation key first in an account's DID: whoever has its private half can take the DID back for 72 hours
    after any change that a lesser key makes.
    """
    keys = asyncio.run(_add(settings(data, config, dev=dev), account, key))
    say("The DID can be changed with these keys, the strongest first:")
    fields([(str(rank), each) for rank, each in enumerate(keys, 1)])


async def _add(config: Config, name: str, key: str) -> tuple[str, ...]:
    async with offline(config, otherwise=STOP) as server:
        account = await find(server, identifier(name))
        async with acting(server, "key recovery add", account):
            return await server.get(KeyRotation).add_recovery(account, key)
