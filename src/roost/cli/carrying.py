"""What a move carries from server to server: the repository, the blobs, the preferences; all of it any number of times.

Nothing is carried over what did not come along: once somebody may have written on the new server, its tree must be
the very one that was brought (docs/decisions/0020). Deliberately does not know of identities.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import msgspec

from roost.cli.move_state import MoveFolder, MoveState
from roost.cli.peer import PIECE, Json, Peer, Refused
from roost.data import car
from roost.data.cid import Cid
from roost.data.errors import InvalidCar, InvalidCid
from roost.repo.errors import InvalidCommit
from roost.repo.foreign import parse_foreign
from roost.services import inspection
from roost.services.errors import InvalidRequest

AT_ONCE: Final = 6
"""Blobs on their way at a time: more gain little, and look like an attack to a small server."""

PAGE: Final = 500

ROUNDS: Final = 10
"""How often what was written meanwhile is fetched before somebody is asked to stop writing: a round takes seconds, and
nobody posts in each of ten.
"""


class Ui(Protocol):
    """Who watches a move, and answers for the account's owner."""

    def step(self, what: str) -> None:
        """Say what is being done."""
        ...

    def warn(self, text: str) -> None:
        """Say what the owner should know."""
        ...

    def moved(self, size: int) -> None:
        """Say that so many bytes more have moved."""
        ...

    def ask_token(self, where: str) -> str:
        """Return the code that was mailed to the owner."""
        ...

    def wait_for_document(self, wanted: Json) -> None:
        """Return when the owner of a did:web has written these into their document."""
        ...


class Verdict(msgspec.Struct, frozen=True):
    """What comparing the servers has shown."""

    blobs: int
    problems: list[str]


class Carrying:
    """Carries an account's data. Every method raises Refused, Unreachable and InvalidRequest."""

    def __init__(self, old: Peer, new: Peer, folder: MoveFolder, state: MoveState, ui: Ui) -> None:
        self.old = old
        self.new = new
        self.state = state
        self._folder = folder
        self._ui = ui

    def _finish(self, step: str) -> None:
        self._folder.finish(self.state, step)

    def bring(self) -> Json:
        """Bring repository and blobs along until the old server stands still, and return what the new one has then."""
        for _ in range(ROUNDS):
            self.repo()
            self.blobs()
            status = self.check()
            if self._old_rev() in (None, self.state.rev):
                return status
        raise InvalidRequest(
            f"{self.old.name} is written to all the time: close the apps that do that, and run the same command again"
        )

    def repo(self) -> None:
        """Bring the repository along; again, if the old one has been written to since."""
        rev = self._old_rev()
        if "repo" in self.state.done and rev in (None, self.state.rev):
            return
        if not self.may_replace():
            self._adopt(rev or "")
            return
        self._ui.step("Bringing the repository along")
        self._folder.save(self.state)
        self.old.fetch_file("com.atproto.sync.getRepo", self._folder.car, self._ui.moved, did=self.state.did)
        self.state.sent = str(_root_in(self._folder.car))
        self._folder.save(self.state)
        self.new.send_file("com.atproto.repo.importRepo", self._folder.car, "application/vnd.ipld.car", self._ui.moved)
        self._folder.car.unlink(missing_ok=True)
        self.state.rev, self.state.root, self.state.sent = rev or "", self.state.sent, ""
        self._finish("repo")

    def may_replace(self) -> bool:
        """Return whether nothing on the new server would be lost: nobody can have written there, or nobody has."""
        status = self.new.get("com.atproto.server.checkAccountStatus")
        if status.get("activated") is True:
            return False
        leads_there = status.get("validDid") is True or "identity" in self.state.done
        if not leads_there or status.get("indexedRecords") == 0:
            return True
        return str(self._data(self.new)) in (self.state.root, self.state.sent)

    def _adopt(self, rev: str) -> None:
        """Take the repository for brought along if it is the same on both servers, although it is not known how."""
        if self.old.taken_down or (root := self._data(self.new)) != self._data(self.old):
            raise InvalidRequest(
                f"{self.new.name} has records that did not come with this move, and nothing is brought over them."
                " If they are what the account is to go on with, activate it there and run the same command again"
            )
        self.state.rev, self.state.root = rev, str(root)
        self._finish("repo")

    def tell_what_stays(self) -> None:
        """Warn of what was written on the old server after the account was handed over."""
        if self.state.rev and self._old_rev() not in (None, self.state.rev):
            self._ui.warn(
                f"{self.old.name} was still written to after the account had opened on the new one: what was written"
                " there does not come along, and stays there"
            )

    def _old_rev(self) -> str | None:
        """Return where the repository stands; None for one that was taken down, which does not move any more."""
        if self.old.taken_down:
            return None
        return str(self.old.get("com.atproto.sync.getLatestCommit", did=self.state.did).get("rev"))

    def blobs(self) -> None:
        """Bring along what the records refer to and the new server does not have yet."""
        lost: list[str] = []
        pages = self._missing()
        if pages:
            self._ui.step("Bringing pictures and other files along")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for missing in pages:
                for cid, problem in zip(missing, pool.map(self._bring, missing), strict=True):
                    if problem is not None:
                        lost.append(cid)
                        if cid not in self.state.lost:
                            self._ui.warn(f"{cid} does not come along: {problem}")
        self.state.lost = lost
        self._finish("blobs")

    def _missing(self) -> list[list[str]]:
        """Return the new server's missing blobs, in pages."""
        pages: list[list[str]] = []
        cursor: object = None
        while True:
            answer = self.new.get("com.atproto.repo.listMissingBlobs", limit=PAGE, cursor=cursor)
            page = [str(each.get("cid")) for each in _objects(answer.get("blobs"))]
            if not page:
                return pages
            pages.append(page)
            cursor = answer.get("cursor")
            if cursor is None:
                return pages

    def _bring(self, cid: str) -> str | None:
        """Bring one blob along; return what keeps it from coming, or None."""
        try:
            found = self.old.fetch("com.atproto.sync.getBlob", did=self.state.did, cid=cid)
            if not Cid.parse(cid).names(found.content):
                return "the old server gives other bytes under that name"
            kind = found.headers.get("content-type", "application/octet-stream")
            self.new.upload("com.atproto.repo.uploadBlob", found.content, kind)
        except InvalidCid:
            return "its name cannot be one"
        except Refused as error:
            if error.passing:
                raise
            return str(error)
        self._ui.moved(len(found.content))
        return None

    def preferences(self) -> None:
        """Bring along what was set in apps, where both servers keep that."""
        if "preferences" in self.state.done:
            return
        self._ui.step("Bringing preferences along")
        try:
            found = self.old.get("app.bsky.actor.getPreferences")
            self.new.post("app.bsky.actor.putPreferences", {"preferences": found.get("preferences", [])})
        except Refused as error:
            if error.passing:
                raise
            self._ui.warn(f"Preferences do not come along: {error}. Set them again in your app")
        self._finish("preferences")

    def check(self) -> Json:
        """Return what the new server has, once that is all."""
        status = self.new.get("com.atproto.server.checkAccountStatus")
        gap = _number(status.get("expectedBlobs")) - _number(status.get("importedBlobs")) - len(self.state.lost)
        if gap > 0:
            raise InvalidRequest(f"{gap} files are still missing on the new server: run the same command again")
        return status

    def verify(self) -> Verdict:
        """Compare both servers: every record, by the root of the tree that names them all, and every blob."""
        self._ui.step("Comparing both servers")
        had_root = self.state.root if self.old.taken_down else str(self._data(self.old))
        had, has = (set(blobs_of(peer, self.state.did)) for peer in (self.old, self.new))
        same = had_root == str(self._data(self.new))
        problems = [] if same else ["the two repositories do not hold the same records"]
        if gone := had - has:
            problems.append(f"{len(gone)} files are not referred to on the new server")
        missing = {cid for page in self._missing() for cid in page} - set(self.state.lost)
        if missing:
            problems.append(f"{len(missing)} files are missing on the new server")
        return Verdict(len(has), problems)

    def _data(self, peer: Peer) -> Cid:
        """Return the root of a server's tree, from its commit's block."""
        latest = peer.get("com.atproto.sync.getLatestCommit", did=self.state.did)
        found = peer.fetch("com.atproto.sync.getBlocks", did=self.state.did, cids=latest.get("cid"))
        backup = inspection.read([found.content])
        try:
            return parse_foreign(backup.blocks[Cid.parse(latest.get("cid"))]).data
        except (KeyError, InvalidCid, InvalidCommit) as error:
            raise InvalidRequest(f"{peer.name} does not give its commit: {error}") from error


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


def _root_in(path: Path) -> Cid:
    """Return the root of the tree of the repository that a CAR file holds."""
    try:
        with path.open("rb") as file:
            pieces = iter(partial(file.read, PIECE), b"")
            roots, blocks = car.iter_blocks(pieces, max_blocks=inspection.NO_LIMIT, max_bytes=inspection.NO_LIMIT)
            commit = next(block for cid, block in blocks if cid == roots[0])
        return parse_foreign(commit).data
    except (InvalidCar, InvalidCommit, IndexError, StopIteration) as error:
        raise InvalidRequest(f"The old server's repository cannot be read: {error or 'it has no commit'}") from error


def _objects(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
