"""`roost import-reference`: the accounts of a reference server, taken over from its data directory.

Both servers are stopped meanwhile. The old directory is read and never written to, so that the way back is to start the
old server again. Deliberately does not know what an account is made of.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from roost.app import Server
from roost.cli.output import FAILED, MISUSED, counting, fail, fields, machine, note, say, size_text
from roost.cli.settings import Data, Dev, File, Json, acting, offline, settings
from roost.config import Config
from roost.services.audit import Action
from roost.services.takeover import ReferenceAccount, ReferenceData, Taken, Takeover, examine

OTHERWISE: Final = "stop it first: accounts can only be taken over while no server runs"

ROTATION_KEY: Final = "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX"
NO_ROTATION_KEY: Final = (
    f"The old server's PLC rotation key is missing: name the file of its settings, with {ROTATION_KEY}, by --env FILE."
    " Without that key this server can never change the DIDs of these accounts, and their owners cannot move on;"
    " --without-rotation-key takes them over all the same"
)
WITHOUT_ROTATION_KEY: Final = (
    "the PLC rotation key was not taken over: this server cannot change the DIDs of these accounts"
)
IN_A_BUCKET: Final = (
    "The blobs are in a bucket: bring them to this machine, and name their folder with --blobs DIR, which may be empty"
)
RESIGNED: Final = "its commit is another key's, so the same records are signed anew, under a later rev"


class Report(msgspec.Struct, frozen=True):
    """What came of it all; `problems` is what stands in the way of all of it, and only a dry run goes on then."""

    taken: list[Taken]
    invites: int
    problems: list[str]
    notes: list[str]

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return not self.problems and not any(each.problems for each in self.taken)


def import_reference(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Its data directory.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, and take nothing.")] = False,
    env: Annotated[
        Path | None, typer.Option("--env", metavar="FILE", help="Its settings.", show_default="DIR/pds.env")
    ] = None,
    blobs: Annotated[
        Path | None, typer.Option("--blobs", metavar="DIR", help="Its blobs.", show_default="as its settings say")
    ] = None,
    without_rotation_key: Annotated[
        bool,
        typer.Option("--without-rotation-key", help="Take over accounts whose DIDs obey a key that is not to be had."),
    ] = False,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
    json: Json = False,
) -> None:
    """Take over all accounts of a reference server, with their passwords, repositories, blobs and keys.

    Stop that server first. A second run goes on where one was interrupted; exits 1 if anything was left out.
    """
    known, old = settings(data, config, dev=dev), _environment(folder, env)
    problems = _problems(old, blobs, without_rotation_key=without_rotation_key)
    if not dry_run:
        _check_name(known, old)
        if problems:
            # What was taken over is not taken over again, so what is missing now would be missing for good.
            fail(". ".join(problems), code=MISUSED)
    source = ReferenceData(
        folder, actors=_folder(folder, old, "PDS_ACTOR_STORE_DIRECTORY"), blobs=blobs or _blobs(folder, old)
    )
    try:
        report = asyncio.run(_examine(source, problems) if dry_run else _take(source, old, known))
    finally:
        source.close()
    if json:
        machine(msgspec.to_builtins(report))
    else:
        _show(report, dry_run=dry_run)
    if not report.whole:
        raise typer.Exit(FAILED)


async def _examine(source: ReferenceData, problems: list[str]) -> Report:
    taken = await _each(source, "Checking", lambda account: examine(source, account))
    return Report(taken, 0, problems, _notes(source))


async def _take(source: ReferenceData, old: Mapping[str, str], config: Config) -> Report:
    key = _hex(old[ROTATION_KEY]) if ROTATION_KEY in old else None
    async with (
        offline(config, otherwise=OTHERWISE, fresh=True) as server,
        acting(server, "import-reference") as action,
    ):
        action.about(str(source.folder))
        await action.begin(rotation_key=key is not None)
        return await _take_into(source, key, server, action)


async def _take_into(source: ReferenceData, key: bytes | None, server: Server, action: Action) -> Report:
    takeover = server.get(Takeover)
    notes = _notes(source)
    if key is None:
        notes.append(WITHOUT_ROTATION_KEY)
    else:
        await takeover.set_rotation_key(key)
    # Numbers go on above the old ones from the first event on.
    invites = await takeover.begin(source, action)
    taken = await _each(source, "Taking over", lambda account: takeover.take(source, account, action))
    return Report(taken, invites, [], notes)


async def _each(source: ReferenceData, what: str, work: Callable[[ReferenceAccount], Awaitable[Taken]]) -> list[Taken]:
    accounts = list(source.accounts())
    with counting(what, len(accounts)) as done:
        taken = []
        for account in accounts:
            taken.append(await work(account))
            done()
    return taken


def _problems(old: Mapping[str, str], blobs: Path | None, *, without_rotation_key: bool) -> list[str]:
    problems = [] if ROTATION_KEY in old or without_rotation_key else [NO_ROTATION_KEY]
    if old.get("PDS_BLOBSTORE_S3_BUCKET") and blobs is None:
        problems.append(IN_A_BUCKET)
    return problems


def _notes(source: ReferenceData) -> list[str]:
    notes = ["everybody signs in anew: sessions, mailed codes and the grants of OAuth are not taken over"]
    if source.uncleanly_closed:
        notes.append("the old server was not stopped properly; what it had written last was read all the same")
    if reserved := source.reserved_keys():
        notes.append(f"{reserved} signing keys that were reserved for accounts to come are not taken over")
    return notes


def _show(report: Report, *, dry_run: bool) -> None:
    whole = [each for each in report.taken if not _left(each)]
    taken = [each for each in whole if not each.already]
    here = sum(each.already for each in report.taken)
    say("This is what can be taken over." if dry_run else "The accounts are taken over.", style="bold")
    fields(
        [
            ("Accounts", f"{len(taken):,}" + (f", and {here:,} that were here already" if here else "")),
            ("Records", f"{sum(each.records for each in taken):,}"),
            ("Blobs", f"{sum(each.blobs for each in whole):,}, {size_text(sum(each.bytes for each in whole))}"),
            *([] if dry_run else [("Invite codes", f"{report.invites:,}")]),
        ]
    )
    for text in report.notes:
        note(f"Note: {text}.")
    for each in report.taken:
        for text in [*each.notes, *([RESIGNED] if each.resigned else [])]:
            note(f"Note: {each.who}: {text}.")
    wrong = [*report.problems, *(f"{each.who}: {text}" for each in report.taken for text in each.problems)]
    if wrong:
        say()
        say(f"Not everything {'can be' if dry_run else 'was'} taken over:", style="bold red")
        for text in wrong:
            say(f"  {text}")


def _left(taken: Taken) -> bool:
    return any(text.startswith("not taken over") for text in taken.problems)


def _environment(folder: Path, given: Path | None) -> dict[str, str]:
    """Read the settings of the old server, lines of NAME=value; no file is no setting, unless one was named."""
    path = given or folder / "pds.env"
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        if given is not None:
            fail(f"There is no file {given}", code=MISUSED)
        return {}
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{path} cannot be read: {error}", code=MISUSED)
    pairs = (line.strip().removeprefix("export ").partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, equals, value in pairs if equals}


def _check_name(config: Config, old: Mapping[str, str]) -> None:
    """Refuse a server of another name: the accounts' DID documents lead to the old one's."""
    name = old.get("PDS_HOSTNAME")
    if name is not None and name != config.hostname:
        fail(f"The old server is {name}: set ROOST_HOSTNAME to that, not {config.hostname}", code=MISUSED)


def _folder(folder: Path, old: Mapping[str, str], name: str) -> Path | None:
    """Return a folder that the old settings name, also where its container saw it elsewhere."""
    if not old.get(name):
        return None
    named = Path(old[name])
    return next((path for path in (named, folder / named, folder / named.name) if path.is_dir()), None)


def _blobs(folder: Path, old: Mapping[str, str]) -> Path | None:
    usual = (path for name in ("blocks", "blobs") if (path := folder / name).is_dir())
    return _folder(folder, old, "PDS_BLOBSTORE_DISK_LOCATION") or next(usual, None)


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        fail(f"{ROTATION_KEY} is not hexadecimal", code=MISUSED)
