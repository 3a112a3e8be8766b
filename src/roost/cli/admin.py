"""`roost admin`: what was done with the administrator's rights."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
import typer

from roost.cli.output import machine, say, table
from roost.cli.remote import Remote
from roost.cli.settings import (
    AdminPassword,
    Data,
    Dev,
    File,
    Json,
    Url,
    identifier,
    offline,
    settings,
)
from roost.cli.settings import admin_password as password_of
from roost.config import Config
from roost.services.audit import Audit, Entry
from roost.services.errors import UpstreamFailure
from roost.services.reading import Reading
from roost.syntax import AtIdentifier, Did, InvalidSyntax, now_text

app = typer.Typer(no_args_is_help=True, help="What was done with the administrator's rights.")

OTHERWISE: Final = "add --url URL to ask that server"
LONGEST: Final = 100
"""Characters of one value in a table; --json has all of it."""

NAMES: Final = ("TIME", "WHO", "FROM", "METHOD", "SUBJECT", "OUTCOME", "CHANGED")


@app.callback()
def _admin() -> None:
    """Keep `log` a word of its own: Typer takes a lone command for the whole program."""


@app.command()
def log(
    account: Annotated[
        str | None, typer.Option("--account", help="What was done to this one, by handle or DID; it may be gone.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many of the last ones.", min=1, max=1000)] = 100,
    url: Url = None,
    admin_password: AdminPassword = None,
    json: Json = False,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Show the audit log, the latest first: who did what to whom, from where, and what came of it."""
    known = settings(data, config, dev=dev)
    who = None if account is None else identifier(account)
    if url is None:
        entries = asyncio.run(_here(known, who, limit))
    else:
        entries = _there(url, who, limit, password_of(known, admin_password))
    if json:
        machine([_told(entry) for entry in entries])
    elif entries:
        table(NAMES, [_row(entry) for entry in entries])
    else:
        say("Nothing was done.")


async def _here(config: Config, who: AtIdentifier | None, limit: int) -> Sequence[Entry]:
    async with offline(config, otherwise=OTHERWISE) as server:
        did = None
        if who is not None:
            found = await server.get(Reading).account(who)
            # An account that is gone is known by its DID alone.
            did = Did(who) if found is None else found.did
        return await server.get(Audit).page(limit=limit, did=did)


def _there(url: str, who: AtIdentifier | None, limit: int, password: str) -> Sequence[Entry]:
    with Remote(url) as server:
        chosen = {} if who is None else {"did": str(server.did_of(who))}
        answer = server.ask("/_roost/log", {"limit": limit, **chosen}, password=password)
    try:
        return msgspec.convert(answer.get("entries"), list[Entry], dec_hook=_parse)
    except (msgspec.ValidationError, InvalidSyntax) as error:
        raise UpstreamFailure(f"{url} answered what is not known here: {error}") from error


def _parse(type_: type, raw: object) -> object:
    assert type_ is Did, "an entry has no other identifier"
    return Did.parse(raw)


def _told(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "time": _time(entry.at),
        "method": entry.method,
        "actor": entry.actor,
        "address": entry.address,
        "subject": entry.subject,
        "did": entry.did,
        "changed": entry.changed,
        "outcome": entry.outcome,
    }


def _row(entry: Entry) -> tuple[str, ...]:
    changed = ", ".join(f"{name}: {_short(value)}" for name, value in entry.changed.items())
    return (
        _time(entry.at),
        entry.actor,
        entry.address or "",
        entry.method.removeprefix("com.atproto."),
        entry.subject or "",
        entry.outcome,
        changed,
    )


def _short(value: object) -> str:
    """Return a value as a line of a table can hold it."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return (text if len(text) <= LONGEST else text[:LONGEST] + "…").replace("\n", " ")


def _time(at: int) -> str:
    return now_text(datetime.fromtimestamp(at / 1000, UTC))
