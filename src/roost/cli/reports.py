"""`roost report`: what people here have told the moderators, where the settings name no service for that."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
import typer

from roost.cli.output import MISUSED, fail, machine, say, table
from roost.cli.remote import Remote
from roost.cli.settings import Data, Dev, File, Json, Url, offline, settings
from roost.config import Config
from roost.running import saved_admin_password
from roost.services.reports import SHOWN, Report, Reports

app = typer.Typer(no_args_is_help=True, help="What people have told the moderators.")

OTHERWISE: Final = "add --url URL to ask that server"


@app.callback()
def _report() -> None:
    """Keep `list` a word of its own: Typer takes a lone command for the whole program."""


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(help="How many, the newest first.", min=1, max=SHOWN)] = 50,
    url: Url = None,
    admin_password: Annotated[
        str | None, typer.Option(help="For --url: the administrator's.", show_default="what the data directory holds")
    ] = None,
    json: Json = False,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Show the reports that were kept here."""
    found = _ask(settings(data, config, dev=dev), url, admin_password)[:limit]
    if json:
        machine([msgspec.to_builtins(report, enc_hook=str) | {"subject": report.about} for report in found])
    elif found:
        table(("ID", "WHEN", "BY", "REASON", "ABOUT", "IN THEIR WORDS"), map(_row, found))
    else:
        say("No reports.")


def _ask(known: Config, url: str | None, admin_password: str | None) -> Sequence[Report]:
    if url is None:
        return asyncio.run(_ask_here(known))
    password = admin_password or saved_admin_password(known)
    if password is None:
        fail(f"There is no administrator's password in {known.data}: give --data or --admin-password", code=MISUSED)
    with Remote(url) as server:
        return server.reports(password=password)


async def _ask_here(config: Config) -> Sequence[Report]:
    async with offline(config, otherwise=OTHERWISE) as server:
        return (await server.get(Reports).shown()).reports


def _row(report: Report) -> Sequence[str]:
    about = report.about
    return (
        str(report.id),
        f"{report.moment:%Y-%m-%d %H:%M:%SZ}",
        report.did,
        report.reason_type.rpartition("#")[2],
        str(about.get("uri") or about.get("did")),
        # A report is somebody's text: on a terminal it must stay one line, and move no cursor.
        "".join(letter if letter.isprintable() else " " for letter in report.reason or ""),
    )
