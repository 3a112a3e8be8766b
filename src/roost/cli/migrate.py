"""`roost migrate`: moves one account from server to server, for its owner or an operator, in repeatable steps.

Passwords come from prompts or from ROOST_OLD_PASSWORD and ROOST_NEW_PASSWORD, and are kept nowhere. Deliberately does
not know what each step asks of a server.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer

from roost.cli import preflight
from roost.cli.move import Move, Verdict
from roost.cli.move_state import MoveFolder, MoveState
from roost.cli.output import FAILED, MISUSED, Work, fail, fields, note, say, working
from roost.cli.peer import Json, Peer
from roost.cli.settings import Data, Dev, File, identifier, settings
from roost.config import Config
from roost.syntax import Did

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
            say(f"  {name}: {value}")
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
    move(
        account, source, to or known.public_url, known, state, handle=handle, email=email, invite=invite, token=token,
        dry_run=dry_run, sure=yes, keep_old=keep_old,
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
        dry_run=dry_run, sure=yes, keep_old=keep_old,
    )  # fmt: skip


@app.command()
def undo(
    did: Annotated[str, typer.Argument(metavar="DID", help="Of the account whose move is to be undone.")],
    token: Annotated[str | None, typer.Option("--token", metavar="CODE", help="The code of the new server.")] = None,
    state: Base = Path(),
) -> None:
    """Undo a move that has not changed the identity yet: the account on the new server is deleted."""
    folder = MoveFolder(state, did)
    begun = folder.load()
    if begun is None:
        fail(f"No move of {did} was begun in {state.absolute()}", code=MISUSED)
    if "identity" in begun.done:
        fail(f"The identity leads to {begun.new} already: move the account back from there instead")
    if "create" in begun.done:
        with closing(Peer("the new server", begun.new)) as new:
            password = _password(NEW_PASSWORD, "Password on the new server")
            new.sign_in(did, password)
            if token is None:
                new.post("com.atproto.server.requestAccountDelete")
                say(f"The new server has mailed a code to {begun.email}.")
                token = str(typer.prompt("Code", err=True)).strip()
            new.post("com.atproto.server.deleteAccount", {"did": did, "password": password, "token": token}, token=None)
    folder.remove()
    say(f"The move is undone: {did} lives on {begun.old}, as before.")


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
) -> None:
    """Move an account from `source` to `target`, or go on with that."""
    if source.rstrip("/") == target.rstrip("/"):
        fail(f"{source} is both the old and the new server", code=MISUSED)
    who = identifier(account)
    with closing(Peer("the old server", source)) as old, closing(Peer("the new server", target)) as new:
        did = who if isinstance(who, Did) else old.did_of(who)
        folder = MoveFolder(base, did)
        password = _password(OLD_PASSWORD, "Password on the old server")
        session = old.sign_in(did, password)
        state = folder.load() or MoveState(
            str(did), old.url, new.url, handle or str(session.get("handle")), email or str(session.get("email") or "")
        )
        if (state.old, state.new) != (old.url, new.url):
            fail(f"A move from {state.old} to {state.new} was begun in {folder.path}: undo that first", code=MISUSED)
        if handle is not None and "create" not in state.done:
            state.handle = handle
        terminal = Terminal(sure=sure)
        keys = _rotation_keys(config, did)
        found = preflight.examine(old, new, state, invite=invite, own_keys=_own(old, did, keys), thorough=dry_run)
        fields(found.facts)
        for text in found.warnings:
            terminal.warn(text)
        if found.obstacles:
            for text in found.obstacles:
                say(text, style="bold red")
            raise typer.Exit(FAILED)
        if dry_run:
            say("Nothing stands in the way.", style="bold green")
            return
        steps = Move(old, new, folder, state, terminal, keys)
        _carry_out(steps, terminal, password, invite, token, sure=sure, keep_old=keep_old)
        folder.remove()


def _carry_out(
    steps: Move, terminal: Terminal, password: str, invite: str | None, token: str | None, *, sure: bool, keep_old: bool
) -> None:
    new_password = os.environ.get(NEW_PASSWORD) or _new_password(password)
    steps.create(new_password, invite)
    with terminal.showing():
        steps.repo()
        steps.blobs()
    steps.preferences()
    status = steps.check()
    say(f"The new server has {status.get('indexedRecords')} records and {status.get('importedBlobs')} files.")
    if "identity" not in steps.state.done:
        if not sure:
            typer.confirm("Move now? From here on the account lives on the new server.", abort=True, err=True)
        steps.repo()  # what was written meanwhile comes along too
        steps.identity(token)
    steps.activate()
    if "deactivate" not in steps.state.done:
        _show(steps.verify())
    if not keep_old:
        steps.deactivate()
    say(f"{steps.state.handle} ({steps.state.did}) lives on {steps.new.url} now.", style="bold green")


def _show(verdict: Verdict) -> None:
    if not verdict.problems:
        say(f"Both servers have the same records, and the same {verdict.blobs} files.")
        return
    for text in verdict.problems:
        say(text.capitalize(), style="bold red")
    fail("The old account stays open, so that nothing is lost; run the same command again")


def _password(variable: str, prompt: str) -> str:
    return os.environ.get(variable) or str(typer.prompt(prompt, hide_input=True, err=True))


def _new_password(old: str) -> str:
    text = typer.prompt("Password on the new server (empty: the same)", default="", hide_input=True, err=True)
    return str(text) or old


def _rotation_keys(config: Config, did: Did) -> Callable[[], list[str]]:
    """Return what asks the PLC directory which keys may change a DID."""

    def ask() -> list[str]:
        if did.method != "plc":
            return []
        try:
            answer = httpx.get(f"{config.plc_url}/{did}/data", timeout=30, trust_env=False)
            listed = answer.raise_for_status().json().get("rotationKeys")
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            fail(f"The PLC directory {config.plc_url} cannot be asked: {error} (--plc URL names another)")
        return [str(key) for key in listed] if isinstance(listed, list) else []

    return ask


def _own(old: Peer, did: Did, keys: Callable[[], list[str]]) -> bool | None:
    """Return whether the owner holds a rotation key of their own; None for a DID that has none."""
    if did.method != "plc":
        return None
    theirs = old.get("com.atproto.identity.getRecommendedDidCredentials").get("rotationKeys")
    return any(key not in theirs for key in keys()) if isinstance(theirs, list) else False
