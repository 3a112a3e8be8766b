"""`roost account takedown` and its like: how accounts stand, in the operator's hands, or asked of a running server."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from roost.cli.account import account_fields, show_accounts
from roost.cli.output import fields, machine, say
from roost.cli.remote import Remote
from roost.cli.settings import (
    AdminPassword,
    Data,
    Dev,
    File,
    Identifier,
    Json,
    Url,
    acting,
    find,
    identifier,
    offline,
    settings,
)
from roost.cli.settings import admin_password as password_of
from roost.config import Config
from roost.services.accounts import Account
from roost.services.admin import Admin, Profile
from roost.services.subjects import Mark, Subjects
from roost.syntax import now_text

OTHERWISE: Final = "add --url URL to ask that server"
ASK_OTHERWISE: Final = "ask it over HTTP as the administrator"
UPDATE: Final = "com.atproto.admin.updateSubjectStatus"

Reference = Annotated[
    str | None, typer.Option("--ref", help="By which the reasons are found again.", show_default="the time")
]
Limit = Annotated[int, typer.Option(help="How many at the most.", min=1)]


def takedown(
    account: Identifier,
    ref: Reference = None,
    url: Url = None,
    admin_password: AdminPassword = None,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
    json: Json = False,
) -> None:
    """Take an account down: its repository is shown to nobody, and its sessions end."""
    known = settings(data, config, dev=dev)
    done = _set(known, url, admin_password, account, "takedown", takedown=Mark(True, ref))
    _tell(done, "is taken down.", json=json)


def restore(
    account: Identifier,
    url: Url = None,
    admin_password: AdminPassword = None,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
    json: Json = False,
) -> None:
    """End an account's takedown."""
    known = settings(data, config, dev=dev)
    _tell(_set(known, url, admin_password, account, "restore", takedown=Mark(False)), "is restored.", json=json)


def deactivate(
    account: Identifier,
    url: Url = None,
    admin_password: AdminPassword = None,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
    json: Json = False,
) -> None:
    """Deactivate an account, as its owner can; its sessions go on."""
    known = settings(data, config, dev=dev)
    _tell(_set(known, url, admin_password, account, "deactivate", deactivated=Mark(True)), "is deactivated.", json=json)


def activate(
    account: Identifier,
    url: Url = None,
    admin_password: AdminPassword = None,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
    json: Json = False,
) -> None:
    """Activate an account again, if its DID leads here."""
    known = settings(data, config, dev=dev)
    _tell(_set(known, url, admin_password, account, "activate", deactivated=Mark(False)), "is active.", json=json)


def _set(
    known: Config,
    url: str | None,
    admin_password: str | None,
    name: str,
    command: str,
    *,
    takedown: Mark | None = None,
    deactivated: Mark | None = None,
) -> tuple[str, Mark]:
    """Change how an account stands; return what it is called, and its takedown."""
    if url is None:
        return asyncio.run(_set_here(known, name, command, takedown, deactivated))
    with Remote(url) as server:
        did = server.did_of(identifier(name))
        body: dict[str, object] = {"subject": {"$type": "com.atproto.admin.defs#repoRef", "did": did}}
        for what, mark in (("takedown", takedown), ("deactivated", deactivated)):
            if mark is not None:
                body[what] = {"applied": mark.applied} | ({} if mark.ref is None else {"ref": mark.ref})
        answer = server.order(UPDATE, body, password=password_of(known, admin_password))
    told = answer.get("takedown")
    ref = told.get("ref") if isinstance(told, dict) else None
    return str(did), Mark(ref is not None, ref)


async def _set_here(
    config: Config, name: str, command: str, takedown: Mark | None, deactivated: Mark | None
) -> tuple[str, Mark]:
    async with offline(config, otherwise=OTHERWISE) as server:
        account = await find(server, identifier(name))
        async with acting(server, f"account {command}", account) as action:
            status = await server.get(Subjects).set_account(
                account.did, takedown=takedown, deactivated=deactivated, action=action
            )
        return f"{account.handle} ({account.did})", status.takedown


def _tell(done: tuple[str, Mark], what: str, *, json: bool) -> None:
    name, takedown = done
    if json:
        machine({"account": name, "takedown": {"applied": takedown.applied, "ref": takedown.ref}})
        return
    say(f"{name} {what}")
    if takedown.ref is not None:
        fields([("Takedown", takedown.ref)])


def info(account: Identifier, data: Data = None, config: File = None, dev: Dev = None, json: Json = False) -> None:
    """Show all that is known of an account."""
    profile = asyncio.run(_info(settings(data, config, dev=dev), account))
    told = _profile(profile)
    if json:
        machine(told)
    else:
        fields([(name, str(value)) for name, value in told.items() if value not in (None, [], False)])


async def _info(config: Config, name: str) -> Profile:
    async with offline(config, otherwise=ASK_OTHERWISE) as server:
        account = await find(server, identifier(name))
        return await server.get(Admin).profile(account.did)


def _profile(profile: Profile) -> dict[str, object]:
    account = profile.account
    return account_fields(account) | {
        "emailConfirmedAt": _time(account.email_confirmed_at),
        "takedown": account.takedown_ref,
        "deactivatedAt": _time(account.deactivated_at),
        "deleteAfter": _time(account.delete_after),
        "invitedBy": None if profile.invited_by is None else profile.invited_by.invite.code,
        "invites": [told.invite.code for told in profile.invites],
        "invitesDisabled": account.invites_disabled,
    }


def _time(at: int | None) -> str | None:
    return None if at is None else now_text(datetime.fromtimestamp(at / 1000, UTC))


def search(
    text: Annotated[str, typer.Argument(help="A part of an email address or handle, or a DID.", show_default=False)],
    limit: Limit = 100,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
    json: Json = False,
) -> None:
    """Find accounts: handle, DID, email, status and when each was made."""
    found = asyncio.run(_search(settings(data, config, dev=dev), text, limit))
    show_accounts([account_fields(account) for account in found], json=json)


async def _search(config: Config, text: str, limit: int) -> list[Account]:
    async with offline(config, otherwise=ASK_OTHERWISE) as server:
        return await server.get(Admin).search(text, limit=limit)
