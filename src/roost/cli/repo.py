"""`roost repo`: a repository as a file, and what is in it, from a file, a data directory or a running server."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec
import typer

from roost.cli import report
from roost.cli.output import FAILED, MISUSED, Work, fail, machine, note, size_text, working
from roost.cli.remote import Remote
from roost.cli.settings import Data, Dev, File, Identifier, Json, Url, identifier, offline, settings
from roost.config import Config
from roost.crypto.keys import PublicKey
from roost.repo.errors import BrokenStore
from roost.running import resolving
from roost.services import inspection
from roost.services.errors import ServiceError
from roost.services.exports import Exports
from roost.services.inspection import Backup
from roost.syntax import AtIdentifier, Did

app = typer.Typer(no_args_is_help=True, help="Write out a repository, judge one, and see what it holds.")

OTHERWISE: Final = "add --url URL to read from it"
PIECE: Final = 1 << 20

Source = Annotated[
    str,
    typer.Argument(metavar="FILE.car|ACCOUNT", help="A CAR file, or an account's handle or DID.", show_default=False),
]


@app.command()
def export(
    account: Identifier,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="- is standard output.", show_default="ACCOUNT.car"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Write over a file that is there.")] = False,
    url: Url = None,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
) -> None:
    """Write a repository to a CAR file, which is a whole backup of its records."""
    who, known = identifier(account), settings(data, config, dev=dev)
    if output == "-":
        with working("Exporting", unit="pieces") as work:
            _fetch(who, url, known, sys.stdout.buffer, work)
        return
    path = Path(output or f"{who.replace(':', '_')}.car")
    if path.exists() and not force:
        fail(f"{path} is there already; --force writes over it", code=MISUSED)
    with _whole_file(path) as file, working("Exporting", unit="pieces") as work:
        _fetch(who, url, known, file, work)
    note(f"Wrote {size_text(path.stat().st_size)} to {path}")


@app.command()
def verify(
    source: Source,
    key: Annotated[
        str | None,
        typer.Option(metavar="did:key:…", help="The signing key.", show_default="that of the DID document"),
    ] = None,
    plc: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The PLC directory to ask.", show_default="as set"),
    ] = None,
    url: Url = None,
    signature: Annotated[
        bool, typer.Option("--signature/--no-signature", help="Whether the signature must be checked too.")
    ] = True,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
    json: Json = False,
) -> None:
    """Check every hash, the tree's form and the signature; exits 1 if anything is wrong, or could not be checked."""
    known = settings(data, config, dev=dev, plc=plc, url=url)
    backup = _read(source, url, known)
    public, unchecked = _key(backup.owner, key, known) if signature else (None, "as you asked")
    with working("Checking the tree"):
        found = backup.judge(public)
    if json:
        machine(report.as_json(found) | {"signatureNotChecked": unchecked})
    else:
        report.show(found, key=public, unchecked=unchecked, wanted=signature)
    # A script that keeps backups must not take one for good whose signature nobody has looked at.
    if found.problems or (signature and unchecked is not None):
        raise typer.Exit(FAILED)


@app.command()
def stats(
    source: Source, url: Url = None, data: Data = None, config: File = None, dev: Dev = None, json: Json = False
) -> None:
    """Print what a repository holds: records per collection, the tree's size; exits 1 if it is damaged."""
    backup = _read(source, url, settings(data, config, dev=dev))
    with working("Counting"):
        found = backup.judge(None)
    if json:
        machine(report.as_json(found))
    else:
        report.show_stats(found)
    if found.problems:
        raise typer.Exit(FAILED)


def _read(source: str, url: str | None, config: Config) -> Backup:
    """Read the repository that is meant: a file where there is one of that name, else an account's."""
    path = Path(source)
    if url is None and path.is_file():
        with path.open("rb") as file:
            return _read_file(file, path.stat().st_size)
    if url is None and (source.endswith(".car") or "/" in source):
        fail(f"There is no file {source}", code=MISUSED)
    # By way of a file: an account's stream comes from an event loop, or a socket, and is read here a piece at a time.
    with tempfile.TemporaryFile() as file:
        damage = _fetch_all(identifier(source), url, config, file)
        size = file.tell()
        file.seek(0)
        backup = _read_file(file, size)
    return msgspec.structs.replace(backup, damage=(*damage, *backup.damage))


def _fetch_all(who: AtIdentifier, url: str | None, config: Config, to: BinaryIO) -> list[str]:
    """Write an account's repository to a file as far as that goes, and return what kept it from going further."""
    try:
        with working("Fetching", unit="pieces") as work:
            _fetch(who, url, config, to, work)
    except BrokenStore as error:
        return [f"the database is damaged: {error}"]
    return []


def _read_file(file: BinaryIO, size: int) -> Backup:
    with working("Checking blocks", unit="blocks", total=size) as work:
        return inspection.read(iter(partial(file.read, PIECE), b""), on_block=work.add)


def _fetch(who: AtIdentifier, url: str | None, config: Config, to: BinaryIO, work: Work) -> None:
    """Write an account's repository to a file, from a running server or from the data directory."""
    if url is None:
        asyncio.run(_fetch_here(who, config, to, work))
        return
    with Remote(url) as server:
        for piece in server.repo(server.did_of(who)):
            to.write(piece)
            work.add(len(piece))


async def _fetch_here(who: AtIdentifier, config: Config, to: BinaryIO, work: Work) -> None:
    async with offline(config, otherwise=OTHERWISE) as server:
        async for piece in await server.get(Exports).whole(who):
            to.write(piece)
            work.add(len(piece))


def _key(did: Did | None, given: str | None, config: Config) -> tuple[PublicKey | None, str | None]:
    """Return the key to check the signature with, or None and why there is none."""
    if given is not None:
        return inspection.key_from(given), None
    if did is None:
        return None, "there is no commit that can be read"
    try:
        return asyncio.run(_resolve(did, config)), None
    except ServiceError as error:
        return None, f"{error} (--key did:key:… names the key)"


async def _resolve(did: Did, config: Config) -> PublicKey:
    async with resolving(config) as resolver:
        return await inspection.signing_key(resolver, did)


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that gets its name only when it is complete: half a backup must not look like one."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
