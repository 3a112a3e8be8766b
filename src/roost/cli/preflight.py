"""What a move will run into, found out before anything is done.

Deliberately does not know how findings are shown; those that would stop the move come apart from those that would not.
"""

import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from roost import running
from roost.cli.carrying import AT_ONCE, blobs_of
from roost.cli.move_state import MoveState
from roost.cli.output import size_text
from roost.cli.peer import PIECE, Json, Peer, Refused
from roost.cli.remote import Remote
from roost.config import Config
from roost.services import inspection
from roost.services.errors import UpstreamFailure

SEARCH: Final = "/xrpc/com.atproto.admin.searchAccounts"

GROWTH: Final = 3
"""How often a repository lies on this server's disk while it is taken in: as the file that it comes in, as rows that
wait, and as those that stay.
"""


class Findings(msgspec.Struct):
    """What is known before a move: facts as name and value, obstacles that stop it, and warnings that do not."""

    facts: list[tuple[str, str]] = []
    obstacles: list[str] = []
    warnings: list[str] = []


def examine(
    old: Peer,
    new: Peer,
    state: MoveState,
    *,
    invite: str | None,
    own_keys: list[str] | None,
    thorough: bool,
    here: Config | None = None,
) -> Findings:
    """Ask both servers; the old one is signed in to. `own_keys` are the owner's own rotation keys, None where that
    cannot be known. A `thorough` look fetches the repository and judges all of it. `here` are the settings of the new
    server if it runs on this machine: then more can be known.
    """
    found = Findings()
    theirs = new.get("com.atproto.server.describeServer")
    found.facts += [("From", f"{old.url}"), ("To", f"{new.url} ({theirs.get('did')})"), ("DID", state.did)]
    if theirs.get("inviteCodeRequired") is True and not invite and "create" not in state.done:
        found.obstacles.append("The new server wants an invite code: get one there, and add --invite CODE")
    _check_handle(new, theirs, state, found)
    if here is not None and "create" not in state.done:
        _check_names(here, new, state, found)
    _check_owner(old, state, own_keys, found)
    records = _check_repo(old, state, found) if thorough else 0
    blobs = 0 if "blobs" in state.done else _check_blobs(old, theirs, state, found)
    if here is not None:
        _check_room(here, records, blobs, found)
    elif thorough:
        found.warnings.append(
            f"The new server does not tell beforehand whether it takes {state.email} as an email address, nor how large"
            " a repository and how many files"
        )
    return found


def _check_repo(old: Peer, state: MoveState, found: Findings) -> int:
    """Judge the repository; return how many bytes it has as a CAR."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "repo.car"
        old.fetch_file("com.atproto.sync.getRepo", path, lambda _size: None, did=state.did)
        with path.open("rb") as file:
            report = inspection.read(iter(partial(file.read, PIECE), b"")).judge(None)
        size = path.stat().st_size
    found.facts.append(("Records", f"{report.records:,}, {size_text(report.bytes)}"))
    found.obstacles += [f"The old server's repository is damaged: {problem}" for problem in report.problems]
    return size


def _check_handle(new: Peer, theirs: Json, state: MoveState, found: Findings) -> None:
    listed = theirs.get("availableUserDomains")
    domains = [str(each) for each in listed] if isinstance(listed, list) else []
    found.facts.append(("Handle there", state.handle))
    if "create" in state.done:
        return
    try:
        leads_to = new.did_of(state.handle)
    except Refused as error:
        if error.passing:
            raise
        leads_to = None
    if leads_to == state.did or (leads_to is None and any(state.handle.endswith(domain) for domain in domains)):
        return
    whose = "" if leads_to is None else f", which is somebody else's ({leads_to})"
    found.obstacles.append(
        f"The new server cannot give the handle {state.handle}{whose}: choose another with --handle NAME, under"
        f" {', '.join(domains) or 'a domain of yours'}, or under a domain that leads to {state.did}"
    )


def _check_names(here: Config, new: Peer, state: MoveState, found: Findings) -> None:
    """Look for the names among all accounts of the new server, as its administrator: also those that nobody sees."""
    password = running.saved_admin_password(here)
    if password is None:
        return
    try:
        with Remote(new.url) as remote:
            for name, text in (("handle", state.handle), ("email", state.email)):
                whose = _holder(remote, password, name, text)
                if whose not in (None, state.did) and not any(text in told for told in found.obstacles):
                    found.obstacles.append(f"The {name} {text} belongs to {whose} there: choose another with --{name}")
    except UpstreamFailure as error:
        found.warnings.append(f"Whether the names are free on the new server cannot be told: {error}")


def _holder(remote: Remote, password: str, name: str, text: str) -> str | None:
    """Return the DID of the account that has exactly that handle or email address."""
    listed = remote.ask(SEARCH, {"email": text.lower(), "limit": 100}, password=password).get("accounts")
    for each in listed if isinstance(listed, list) else []:
        if text and str(each.get(name, "")).lower() == text.lower():
            return str(each.get("did"))
    return None


def _check_room(here: Config, records: int, blobs: int, found: Findings) -> None:
    """Hold what comes against what the new server takes in, and against its disk."""
    if not here.accept_imports:
        found.obstacles.append("The new server takes no repositories in: set ROOST_ACCEPT_IMPORTS")
    if records > here.import_limit:
        found.obstacles.append(
            f"The repository is larger than the {size_text(here.import_limit)} that the new server takes in"
            " (ROOST_IMPORT_LIMIT)"
        )
    if blobs > here.blob_quota:
        found.obstacles.append(
            f"The files are more than the {size_text(here.blob_quota)} that an account may have on the new server"
            " (ROOST_BLOB_QUOTA)"
        )
    needed = records * (GROWTH if here.database_url is None else 1) + (blobs if here.blobstore_url is None else 0)
    if needed > (free := shutil.disk_usage(here.data).free):
        found.obstacles.append(
            f"The new server's disk has {size_text(free)} left in {here.data}, and needs {size_text(needed)}"
        )


def _check_owner(old: Peer, state: MoveState, own_keys: list[str] | None, found: Findings) -> None:
    email = old.session.get("email")
    if not state.did.startswith("did:plc:"):
        found.warnings.append("This is a did:web: you will be told what to write into its document, and when")
        return
    if not email:
        found.obstacles.append(
            "The old server knows no email address of yours, and could not mail the code for the move"
        )
    else:
        found.facts.append(("Code goes to", str(email)))
    if own_keys is not None:
        # Named, so that an owner finds a key that they do not know.
        kept = f"yes, it stays the most powerful one: {', '.join(own_keys)}"
        found.facts.append(("Your own recovery key", kept if own_keys else "none"))


def _check_blobs(old: Peer, theirs: Json, state: MoveState, found: Findings) -> int:
    """Weigh every blob: which the new server would not take, and which the old one does not have; return the total."""
    limit = theirs.get("blobUploadLimit")
    listed = list(blobs_of(old, state.did))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sizes = list(pool.map(lambda cid: old.size_of("com.atproto.sync.getBlob", did=state.did, cid=cid), listed))
    total = sum(size for size in sizes if size is not None)
    found.facts.append(("Files", f"{len(listed):,}, {size_text(total)}"))
    large = [cid for cid, size in zip(listed, sizes, strict=True) if size and isinstance(limit, int) and size > limit]
    for cid in large:
        found.warnings.append(
            f"The file {cid} is larger than the {size_text(int(str(limit)))} that the new server takes"
        )
    if gone := sizes.count(None):
        found.warnings.append(f"{gone} files that your records refer to are not on the old server any more")
    return total
