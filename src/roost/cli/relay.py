"""`roost relay`: how the network hears of this server."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
import typer

from roost.cli.output import fields, machine, say, table
from roost.cli.remote import Remote
from roost.cli.settings import AdminPassword, Data, Dev, File, Json, Url, acting, offline, settings
from roost.cli.settings import admin_password as password_of
from roost.config import Config
from roost.services.crawlers import Crawlers, RelayStatus, Status
from roost.services.firehose import COUNTED, Standing

app = typer.Typer(no_args_is_help=True, help="How the network hears of this server.")

OTHERWISE: Final = "add --url URL to ask that server"


@app.command()
def status(
    url: Url = None,
    admin_password: AdminPassword = None,
    json: Json = False,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Show what each relay has seen of this server, how far behind it is, and who subscribes now."""
    _show(_ask(settings(data, config, dev=dev), url, admin_password, crawl=False), json=json)


@app.command()
def crawl(
    url: Url = None,
    admin_password: AdminPassword = None,
    json: Json = False,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Ask every relay now to fetch what is new here, and show the same."""
    _show(_ask(settings(data, config, dev=dev), url, admin_password, crawl=True), json=json)


def _ask(known: Config, url: str | None, admin_password: str | None, *, crawl: bool) -> Status:
    if url is None:
        return asyncio.run(_ask_here(known, crawl=crawl))
    with Remote(url) as server:
        return server.relays(password=password_of(known, admin_password), crawl=crawl)


async def _ask_here(config: Config, *, crawl: bool) -> Status:
    async with offline(config, otherwise=OTHERWISE) as server:
        crawlers = server.get(Crawlers)
        if not crawl:
            return await crawlers.status()
        async with acting(server, "relay crawl"):
            return await crawlers.ask_now()


def _show(told: Status, *, json: bool) -> None:
    if json:
        machine(msgspec.to_builtins(told))
        return
    fields([("Server", told.hostname), ("Last event", str(told.seq))])
    say()
    if told.relays:
        table(("RELAY", "SEES US", "LAST EVENT", "BEHIND", "ACCOUNTS", "ASKED", "ANSWER"), map(_relay, told.relays))
    else:
        say("No relays: ROOST_CRAWLERS names those that are to be told.")
    say()
    if told.subscribers:
        table(("SUBSCRIBER", "SINCE", "LAST EVENT", "BEHIND"), map(_subscriber, told.subscribers))
    else:
        say("Nobody subscribes now.")


def _relay(relay: RelayStatus) -> Sequence[str]:
    sees = {None: "?", False: "no", True: relay.status or "yes"}[relay.known]
    answer = relay.error or ("agreed" if relay.asked_at is not None else "-")
    return (
        relay.url,
        sees if relay.problem is None else f"? ({relay.problem})",
        _or_dash(relay.seq),
        _behind(relay.behind),
        _or_dash(relay.accounts),
        _when(relay.asked_at),
        answer,
    )


def _subscriber(subscriber: Standing) -> Sequence[str]:
    return subscriber.peer, _when(subscriber.since), str(subscriber.cursor), _behind(subscriber.behind)


def _or_dash(number: int | None) -> str:
    return "-" if number is None else str(number)


def _behind(events: int | None) -> str:
    if events is None:
        return "-"
    return "up to date" if events == 0 else f"{events:,} events" + (" or more" if events >= COUNTED else "")


def _when(milliseconds: int | None) -> str:
    return "never" if milliseconds is None else f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%SZ}"
