"""What a move will run into, found out before anything is done.

Deliberately does not know how findings are shown; those that would stop the move come apart from those that would not.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from roost.cli.move import AT_ONCE, PAGE
from roost.cli.move_state import MoveState
from roost.cli.output import size_text
from roost.cli.peer import PIECE, Json, Peer, Refused
from roost.services import inspection


class Findings(msgspec.Struct):
    """What is known before a move: facts as name and value, obstacles that stop it, and warnings that do not."""

    facts: list[tuple[str, str]] = []
    obstacles: list[str] = []
    warnings: list[str] = []


def examine(
    old: Peer, new: Peer, state: MoveState, *, invite: str | None, own_keys: bool | None, thorough: bool
) -> Findings:
    """Ask both servers; the old one is signed in to. `own_keys` is whether the owner has a rotation key of their own,
    None where a DID has no such keys. A `thorough` look fetches the repository and judges all of it.
    """
    found = Findings()
    theirs = new.get("com.atproto.server.describeServer")
    found.facts += [("From", f"{old.url}"), ("To", f"{new.url} ({theirs.get('did')})"), ("DID", state.did)]
    if theirs.get("inviteCodeRequired") is True and not invite and "create" not in state.done:
        found.obstacles.append("The new server wants an invite code: get one there, and add --invite CODE")
    _check_handle(new, theirs, state, found)
    _check_owner(old, own_keys, found)
    if thorough:
        _check_repo(old, state, found)
    if "blobs" not in state.done:
        _check_blobs(old, theirs, state, found)
    return found


def _check_repo(old: Peer, state: MoveState, found: Findings) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "repo.car"
        old.fetch_file("com.atproto.sync.getRepo", path, lambda _size: None, did=state.did)
        with path.open("rb") as file:
            report = inspection.read(iter(partial(file.read, PIECE), b"")).judge(None)
    found.facts.append(("Records", f"{report.records:,}, {size_text(report.bytes)}"))
    found.obstacles += [f"The old server's repository is damaged: {problem}" for problem in report.problems]


def _check_handle(new: Peer, theirs: Json, state: MoveState, found: Findings) -> None:
    listed = theirs.get("availableUserDomains")
    domains = [str(each) for each in listed] if isinstance(listed, list) else []
    found.facts.append(("Handle there", state.handle))
    if "create" in state.done or any(state.handle.endswith(domain) for domain in domains):
        return
    try:
        leads_to = new.did_of(state.handle)
    except Refused:
        leads_to = None
    if leads_to != state.did:
        found.obstacles.append(
            f"The new server cannot give the handle {state.handle}: choose another with --handle NAME, under"
            f" {', '.join(domains) or 'a domain of yours'}, or under a domain that leads to {state.did}"
        )


def _check_owner(old: Peer, own_keys: bool | None, found: Findings) -> None:
    session = old.session
    email = session.get("email")
    if own_keys is None:
        found.warnings.append("This is a did:web: you will be told what to write into its document, and when")
        return
    if not email:
        found.obstacles.append(
            "The old server knows no email address of yours, and could not mail the code for the move"
        )
    else:
        found.facts.append(("Code goes to", str(email)))
    found.facts.append(("Your own recovery key", "yes, it stays the most powerful one" if own_keys else "none"))


def _check_blobs(old: Peer, theirs: Json, state: MoveState, found: Findings) -> None:
    """Weigh every blob; which of them the new server would not take, and which the old one does not have."""
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


def blobs_of(peer: Peer, did: str) -> Iterator[str]:
    """Yield every blob that a repository's records refer to."""
    cursor: object = None
    while True:
        answer = peer.get("com.atproto.sync.listBlobs", did=did, limit=PAGE, cursor=cursor)
        page = answer.get("cids")
        cids = [str(each) for each in page] if isinstance(page, list) else []
        yield from cids
        cursor = answer.get("cursor")
        if not cids or cursor is None:
            return
