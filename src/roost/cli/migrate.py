"""`roost migrate`: moves one account from server to server, for its owner or an operator, in repeatable steps.

Passwords come from prompts or from ROOST_OLD_PASSWORD and ROOST_NEW_PASSWORD, and are kept nowhere. Deliberately does
not know what each step asks of a server.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Final, NoReturn
from urllib.parse import urlsplit

import msgspec
import typer

from roost import running
from roost.cli import preflight
from roost.cli.carrying import Verdict
from roost.cli.move import Move
from roost.cli.move_state import MoveFolder, MoveState
from roost.cli.output import FAILED, MISUSED, Work, fail, fields, note, say, working
from roost.cli.peer import Json, Peer
from roost.cli.rotation import RotationKeys
from roost.cli.settings import Data, Dev, File, identifier, settings
from roost.config import Config
from roost.services import inspection
from roost.services.errors import ServiceError
from roost.syntax import Did, InvalidSyntax

app = typer.Typer(no_args_is_help=True, help="Move an account here from another server, or from here to another.")

OLD_PASSWORD: Final = "ROOST_OLD_PASSWORD"  # noqa: S105 - the name of a variable
NEW_PASSWORD: Final = "ROOST_NEW_PASSWORD"  # noqa: S105 - as above

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its handle or DID.", show_default=False)]
Handle = Annotated[
    str | None, typer.Option("--handle", help="The handle on the new server.", show_default="the one it has")
]
Email = Annotated[str | None, typer.Option("--email", help="Where mail goes.", show_default="as on the old server")]
Invite = Annotated[str | None, typer.Option("--invite", metavar="CODE", help="An invite code of the new server.")]
Token = Annotated[str | None, typer.Option("--token", metavar="CODE", help="The code that the old server has mailed.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Find out what would happen, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before the identity changes.")]
Keep = Annotated[bool, typer.Option("--keep-old", help="Leave the account on the old server open.")]
Plc = Annotated[str | None, typer.Option("--plc", metavar="URL", help="The PLC directory.", show_default="as set")]
Base = Annotated[Path, typer.Option("--state", metavar="DIR", help="Where to remember how far it came.")]


class Terminal:
    """Shows a move to a person, and asks them."""

    def __init__(self, *, sure: bool) -> None:
        self._sure = sure
        self._work: Work | None = None

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Show how much has moved while the block lasts."""
        with working("Moving") as self._work:
            yield
        self._work = None

    def step(self, what: str) -> None:
        """See Ui.step."""
        say(f"{what} …")

    def warn(self, text: str) -> None:
        """See Ui.warn."""
        note(f"Note: {text}.")

    def moved(self, size: int) -> None:
        """See Ui.moved."""
        if self._work is not None:
            self._work.add(size)

    def ask_token(self, where: str) -> str:
        """See Ui.ask_token."""
        say(f"{where.capitalize()} has mailed you a code. It is good for a few minutes.")
        return str(typer.prompt("Code", err=True)).strip()

    def wait_for_document(self, wanted: Json) -> None:
        """See Ui.wait_for_document."""
        say("Change your DID document now, so that it says this:", style="bold")
        for name, value in wanted.items():
            say(f"  {name}: {msgspec.json.encode(value).decode()}")
        if not self._sure:
            typer.confirm("Is it done?", abort=True, err=True)


@app.command("in")
def in_(
    account: Account,
    source: Annotated[str, typer.Option("--from", metavar="URL", help="The server it lives on.", show_default=False)],
    to: Annotated[
        str | None, typer.Option("--to", metavar="URL", help="The new server.", show_default="this one")
    ] = None,
    handle: Handle = None,
    email: Email = None,
    invite: Invite = None,
    token: Token = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    keep_old: Keep = False,
    plc: Plc = None,
    state: Base = Path(),
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Move an account here. The same command again goes on where it ended."""
    known = settings(data, config, dev=dev, plc=plc, url=to)
    target = to or known.public_url
    move(
        account, source, target, known, state, handle=handle, email=email, invite=invite, token=token,
        dry_run=dry_run, sure=yes, keep_old=keep_old, here=known if _is_here(target, known) else None,
    )  # fmt: skip


@app.command()
def out(
    account: Account,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="The server it moves to.", show_default=False)],
    source: Annotated[
        str | None, typer.Option("--from", metavar="URL", help="The old server.", show_default="this one")
    ] = None,
    handle: Handle = None,
    email: Email = None,
    invite: Invite = None,
    token: Token = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    keep_old: Keep = False,
    plc: Plc = None,
    state: Base = Path(),
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Move an account from here to another server. The same command again goes on where it ended."""
    known = settings(data, config, dev=dev, plc=plc, url=source)
    move(
        account, source or known.public_url, to, known, state, handle=handle, email=email, invite=invite, token=token,
        dry_run=dry_run, sure=yes, keep_old=keep_old, here=None,
    )  # fmt: skip


@app.command()
def undo(
    did: Annotated[str, typer.Argument(metavar="DID", help="Of the account whose move is to be undone.")],
    token: Annotated[str | None, typer.Option("--token", metavar="CODE", help="The code of the new server.")] = None,
    plc: Plc = None,
    state: Base = Path(),
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Undo a move that has not changed the identity yet: the account on the new server is deleted."""
    who = _did(did)
    folder = MoveFolder(state, who)
    begun = folder.load()
    if begun is None:
        fail(f"No move of {did} was begun in {state.absolute()}", code=MISUSED)
    if "identity" in begun.done:
        _too_late(begun)
    known = settings(data, config, dev=dev, plc=plc or begun.plc or None)
    with closing(Peer("the new server", begun.new)) as new:
        if not new.has_account(who):
            say("There is no account on the new server.")
        elif begun.found:
            say("The account on the new server was there before the move, and stays.")
        else:
            _delete(new, begun, known, who, token)
    folder.remove()
    say(f"The move is undone: {did} lives on {begun.old}, as before.")


def _delete(new: Peer, begun: MoveState, config: Config, did: Did, token: str | None) -> None:
    """Delete the account on the new server, which must be nowhere in use."""
    password = _password(NEW_PASSWORD, "Password on the new server")
    new.sign_in(did, password)
    _check_unused(new, begun, config, did)
    if token is None:
        new.post("com.atproto.server.requestAccountDelete")
        say(f"The new server has mailed a code to {begun.email}.")
        token = str(typer.prompt("Code", err=True)).strip()
        # The directory may have been about to take the change, or its owner has gone on elsewhere meanwhile.
        _check_unused(new, begun, config, did)
    new.post("com.atproto.server.deleteAccount", {"did": did, "password": password, "token": token}, token=None)


def _check_unused(new: Peer, begun: MoveState, config: Config, did: Did) -> None:
    """Refuse to go on where the DID leads to the new server, or nobody can say; what is remembered is not asked."""
    status = new.get("com.atproto.server.checkAccountStatus")
    if status.get("validDid") is True or status.get("activated") is True:
        _too_late(begun)
    try:
        leads_to = asyncio.run(_endpoint(config, did))
        wanted = new.get("com.atproto.identity.getRecommendedDidCredentials").get("services")
    except ServiceError as error:
        fail(f"Nobody can say where {did} leads, so nothing was deleted: {error}")
    service = wanted.get("atproto_pds") if isinstance(wanted, dict) else None
    endpoint = service.get("endpoint") if isinstance(service, dict) else None
    if leads_to is None:
        fail(f"{did} leads nowhere now, so nothing was deleted")
    if leads_to.rstrip("/") in (new.url, str(endpoint).rstrip("/")):
        _too_late(begun)


async def _endpoint(config: Config, did: Did) -> str | None:
    async with running.resolving(config) as resolver:
        return await inspection.endpoint(resolver, did)


def _too_late(begun: MoveState) -> NoReturn:
    fail(
        f"The identity leads to {begun.new} already, or the account is open there: run the move's own command again, or"
        " move the account back from there"
    )


def move(
    account: str,
    source: str,
    target: str,
    config: Config,
    base: Path,
    *,
    handle: str | None,
    email: str | None,
    invite: str | None,
    token: str | None,
    dry_run: bool,
    sure: bool,
    keep_old: bool,
    here: Config | None,
) -> None:
    """Move an account from `source` to `target`, or go on with that; `here` are the settings of a local target."""
    if source.rstrip("/") == target.rstrip("/"):
        fail(f"{source} is both the old and the new server", code=MISUSED)
    who = identifier(account)
    with closing(Peer("the old server", source)) as old, closing(Peer("the new server", target)) as new:
        password = _password(OLD_PASSWORD, "Password on the old server")
        session = old.sign_in(who, password)
        did = _did(session.get("did"))  # a handle may lead nowhere: the account may be closed, or have been taken down
        folder = MoveFolder(base, did)
        state = folder.load() or MoveState(
            str(did), old.url, new.url, handle or str(session.get("handle")), email or str(session.get("email") or "")
        )
        if (state.old, state.new) != (old.url, new.url):
            fail(f"A move from {state.old} to {state.new} was begun in {folder.path}: undo that first", code=MISUSED)
        if handle is not None and "create" not in state.done:
            state.handle = handle
        if email is not None and "create" not in state.done:
            state.email = email
        keys, state.plc = RotationKeys(config.plc_url, did), config.plc_url
        state.own = state.own if "identity" in state.done else keys.of_owner(old)
        terminal = Terminal(sure=sure)
        _look_ahead(old, new, state, terminal, invite=invite, thorough=dry_run, here=here)
        if dry_run:
            say("Nothing stands in the way.", style="bold green")
            return
        steps = Move(old, new, folder, state, terminal, lambda: keys.of_owner(old) or [])
        _carry_out(steps, terminal, password, invite, token, sure=sure, keep_old=keep_old)
        folder.remove()


def _look_ahead(
    old: Peer,
    new: Peer,
    state: MoveState,
    terminal: Terminal,
    *,
    invite: str | None,
    thorough: bool,
    here: Config | None,
) -> None:
    """Show what is known before anything is done, and end where that stops the move."""
    found = preflight.examine(old, new, state, invite=invite, own_keys=state.own, thorough=thorough, here=here)
    fields(found.facts)
    for text in found.warnings:
        terminal.warn(text)
    if found.obstacles:
        for text in found.obstacles:
            say(text, style="bold red")
        raise typer.Exit(FAILED)


def _carry_out(
    steps: Move, terminal: Terminal, password: str, invite: str | None, token: str | None, *, sure: bool, keep_old: bool
) -> None:
    new_password = os.environ.get(NEW_PASSWORD) or _new_password(password)
    steps.create(new_password, invite)
    if not steps.settled():
        with terminal.showing():
            status = steps.cargo.bring()
        steps.cargo.preferences()
        say(f"The new server has {status.get('indexedRecords')} records and {status.get('importedBlobs')} files.")
        _show(steps.cargo.verify())
        if not sure:
            typer.confirm("Move now? From here on the account lives on the new server.", abort=True, err=True)
        steps.identity(token)
    with terminal.showing():
        verdict = steps.hand_over(keep_old=keep_old)
    if verdict is not None:
        _show(verdict)
    steps.activate()
    if not keep_old:
        steps.deactivate()
    say(f"{steps.state.handle} ({steps.state.did}) lives on {steps.new.url} now.", style="bold green")


def _show(verdict: Verdict) -> None:
    if not verdict.problems:
        say(f"Both servers have the same records, and the same {verdict.blobs} files.")
        return
    for text in verdict.problems:
        say(text.capitalize(), style="bold red")
    fail("The account is not opened on the new server, and nothing is lost; run the same command again")


def _is_here(url: str, config: Config) -> bool:
    """Return whether a server is the one of these settings, which were made for its URL."""
    return running.holds_server(config.data) and (
        url.rstrip("/") == config.public_url or urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
    )


def _password(variable: str, prompt: str) -> str:
    return os.environ.get(variable) or str(typer.prompt(prompt, hide_input=True, err=True))


def _new_password(old: str) -> str:
    text = typer.prompt("Password on the new server (empty: the same)", default="", hide_input=True, err=True)
    return str(text) or old


def _did(text: object) -> Did:
    try:
        return Did.parse(text)
    except InvalidSyntax:
        fail(f"{text} is not a DID", code=MISUSED)
