"""`roost blob`: what is stored of blobs, in the operator's hands, while the server does not run."""

import asyncio
from typing import Annotated, Final

import typer

from roost.cli.output import FAILED, fields, machine, say, size_text, working
from roost.cli.settings import Data, Dev, File, Json, acting, find, identifier, offline, settings
from roost.config import Config
from roost.services.blob_audit import BlobAudit, Problem
from roost.services.collecting import GRACE_HOURS, Collected, Collecting

app = typer.Typer(no_args_is_help=True, help="Check the blobs that are stored, and remove what nobody needs.")

OTHERWISE: Final = "leave it: a running server collects blobs by itself"
SHOWN: Final = 20
"""Problems told one by one to a person; JSON has all of them."""

WORDS: Final = {
    "missing": "is missing: its bytes are not there",
    "corrupt": "is corrupt: its bytes are others than were uploaded",
}


@app.command()
def gc(
    grace: Annotated[
        float, typer.Option(metavar="HOURS", min=1, help="How long a blob may wait for a record that refers to it.")
    ] = GRACE_HOURS,
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Also remove stored objects that are nobody's, as after a restore.")
    ] = False,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
    json: Json = False,
) -> None:
    """Remove blobs that no record refers to in time, and whatever else is due to go."""
    done, strays = asyncio.run(_gc(settings(data, config, dev=dev), grace, orphans=orphans))
    if json:
        machine(
            {"blobs": done.blobs, "bytes": done.bytes, "removed": done.removed, "failed": done.failed}
            | ({"orphans": strays} if orphans else {})
        )
    else:
        say(f"{done.blobs} blobs that no record refers to ({size_text(done.bytes)}), {done.removed} objects removed.")
        if orphans:
            say(f"{strays} objects that were nobody's.")
    if done.failed:
        say(f"{done.failed} objects could not be removed; they are tried again in an hour.", style="bold red")
        raise typer.Exit(FAILED)


async def _gc(config: Config, grace: float, *, orphans: bool) -> tuple[Collected, int]:
    async with offline(config, otherwise=OTHERWISE) as server, acting(server, "blob gc") as action:
        collecting, strays = server.get(Collecting), 0
        await action.begin(grace_hours=grace, orphans=orphans)
        if orphans:
            strays = await collecting.doom([stored.name async for stored in server.get(BlobAudit).orphans()])
        done = await collecting.collect(grace_hours=grace)
        await action.end(blobs=done.blobs, bytes=done.bytes, removed=done.removed, failed=done.failed, orphans=strays)
        return done, strays


@app.command()
def verify(
    account: Annotated[
        str | None, typer.Argument(metavar="[ACCOUNT]", help="Whose, by handle or DID.", show_default="everybody's")
    ] = None,
    data: Data = None,
    config: File = None,
    dev: Dev = None,
    json: Json = False,
) -> None:
    """Read every blob and check it against its CID; exits 1 if one is missing or corrupt."""
    found, blobs = asyncio.run(_verify(settings(data, config, dev=dev), account))
    counts = {kind: sum(problem.kind == kind for problem in found) for kind in ("missing", "corrupt", "orphaned")}
    if json:
        machine({"blobs": blobs, **counts, "problems": [_as_json(problem) for problem in found]})
    else:
        fields([("Blobs", f"{blobs:,}"), *((kind.capitalize(), f"{count:,}") for kind, count in counts.items())])
        _tell(found)
    if counts["missing"] or counts["corrupt"]:
        raise typer.Exit(FAILED)


async def _verify(config: Config, name: str | None) -> tuple[list[Problem], int]:
    count = 0
    async with offline(config, otherwise=OTHERWISE) as server:
        account = None if name is None else (await find(server, identifier(name))).id
        audit = server.get(BlobAudit)
        with working("Checking blobs", unit="blobs", total=await audit.total(account)) as work:

            def on_blob(size: int) -> None:
                nonlocal count
                count += 1
                work.add(size)

            return [problem async for problem in audit.problems(account, on_blob)], count


def _as_json(problem: Problem) -> dict[str, object]:
    cid = None if problem.cid is None else str(problem.cid)
    return {
        "kind": problem.kind,
        "did": problem.did,
        "cid": cid,
        "object": problem.object,
        "size": problem.size,
    }


def _tell(found: list[Problem]) -> None:
    if not found:
        say()
        say("No problems.", style="green")
        return
    say()
    for problem in found[:SHOWN]:
        if problem.kind == "orphaned":
            size = size_text(problem.size)
            say(f"  object {problem.object} is nobody's ({size}); `roost blob gc --orphans` removes it")
        else:
            say(f"  {problem.cid} of {problem.did} {WORDS[problem.kind]} (object {problem.object})")
    if len(found) > SHOWN:
        say(f"  and {len(found) - SHOWN:,} more, which --json lists")
