"""The options that commands share, and how a command comes to its settings and to a server to work on."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from getpass import getuser
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from roost import running
from roost.app import Server, open_server
from roost.cli.output import MISUSED, fail
from roost.config import Config, load
from roost.services.accounts import Account
from roost.services.audit import Action, Audit
from roost.services.reading import Reading
from roost.syntax import AtIdentifier, InvalidSyntax

Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The data directory.", show_default="data")]
File = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings in TOML.")]
Dev = Annotated[
    bool | None,
    typer.Option(
        "--dev/--no-dev",
        help="Whether the data directory is of `serve --dev`.",
        show_default="whether it holds a PLC directory",
    ),
]
Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="A running server to ask over HTTP, such as http://localhost:2583."),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
AdminPassword = Annotated[
    str | None, typer.Option(help="For --url: the administrator's.", show_default="what the data directory holds")
]
Identifier = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its handle or DID.", show_default=False)]


def settings(
    data: Path | None, file: Path | None, *, dev: bool | None = None, plc: str | None = None, url: str | None = None
) -> Config:
    """Put the settings together for a command that does not serve. Raises ConfigError.

    A directory that has a PLC directory in it was made by `serve --dev`; to take it for anything else would register a
    test's accounts for the whole world. `url` is where its server runs, and has the PLC directory one port below.
    """
    flags = {"data": data, "dev": dev, "plc_url": plc, "port": None if url is None else _port(url)}
    config = load(file, os.environ, flags)
    if dev is None and not config.dev and running.has_directory(config.data):
        config = load(file, os.environ, flags | {"dev": True})
    # A server that is named is asked, and the directory beside it, whatever is in the data directory.
    return config if url is None else replace(config, plc_chosen=True)


def admin_password(known: Config, given: str | None) -> str:
    """Return the administrator's password for a server that is asked over HTTP."""
    password = given or running.saved_admin_password(known)
    if password is None:
        fail(f"There is no administrator's password in {known.data}: give --data or --admin-password", code=MISUSED)
    return password


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None  # whoever asks the server will say what is wrong


@asynccontextmanager
async def offline(config: Config, *, otherwise: str, fresh: bool = False) -> AsyncIterator[Server]:
    """Open the server of a data directory without serving, its PLC directory within reach.

    `otherwise` tells what to do when a server is running there; `fresh` allows a directory that is still empty.
    """
    if not fresh and not running.holds_server(config.data):
        fail(f"There is no server in {config.data}; --data DIR names another directory", code=MISUSED)
    async with running.network(config) as reachable, AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(open_server(reachable))
        except running.DatabaseInUse as error:
            fail(f"{error}, or {otherwise}")
        yield server


@asynccontextmanager
async def acting(server: Server, command: str, account: Account | None = None) -> AsyncIterator[Action]:
    """Lend an action of the audit log to a command that changes something, in the name of whoever runs it."""
    async with server.get(Audit).acting(f"roost {command}", actor=f"operator {_user()}") as action:
        if account is not None:
            action.about(account.did, did=account.did)
        yield action


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):  # in a container, a number may have no name
        return str(os.getuid())


def identifier(text: str) -> AtIdentifier:
    """Read a handle or DID that was typed."""
    try:
        return AtIdentifier.parse(text.removeprefix("@"))
    except InvalidSyntax:
        fail(f"{text!r} is neither a handle nor a DID", code=MISUSED)


async def find(server: Server, who: AtIdentifier) -> Account:
    """Return the account of a server that has that handle or DID."""
    account = await server.get(Reading).account(who)
    if account is None:
        fail(f"There is no account {who} on this server")
    return account
