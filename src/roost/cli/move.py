"""Moving one account from one server to another, whichever software they run, over the protocol alone.

Each step finds out by itself whether it is still to be done, so a move may be stopped anywhere and begun again. Up to
the one that changes the identity, nothing has happened that the world can see, and the account lives where it did.
Deliberately does not know how it is shown, or who answers its questions.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

import msgspec

from roost.cli.move_state import MoveFolder, MoveState
from roost.cli.peer import Json, Peer, Refused
from roost.data.cid import Cid
from roost.data.errors import InvalidCid
from roost.repo.errors import InvalidCommit
from roost.repo.foreign import parse_foreign
from roost.services import inspection
from roost.services.errors import InvalidRequest

AT_ONCE: Final = 6
"""Blobs on their way at a time: more gain little, and look like an attack to a small server."""

PAGE: Final = 500

CREATE: Final = "com.atproto.server.createAccount"


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


class Move:
    """One move, begun or to be gone on with. Every step raises Refused, Unreachable and InvalidRequest."""

    def __init__(
        self, old: Peer, new: Peer, folder: MoveFolder, state: MoveState, ui: Ui, rotation_keys: Callable[[], list[str]]
    ) -> None:
        """`rotation_keys` gives the keys that may change the DID now, the most powerful first."""
        self._rotation_keys = rotation_keys
        self.old = old
        self.new = new
        self.state = state
        self._folder = folder
        self._ui = ui

    def _finish(self, step: str) -> None:
        if step not in self.state.done:
            self.state.done.append(step)
        self._folder.save(self.state)

    def create(self, password: str, invite: str | None) -> None:
        """Make the account on the new server, deactivated; one that is there from an earlier try is signed in to."""
        self._ui.step("Making the account on the new server")
        state = self.state
        if "create" not in state.done:
            service = str(self.new.get("com.atproto.server.describeServer").get("did"))
            token = self.old.get("com.atproto.server.getServiceAuth", aud=service, lxm=CREATE).get("token")
            body: Json = {"did": state.did, "handle": state.handle, "email": state.email, "password": password}
            try:
                made = self.new.post(CREATE, body | ({"inviteCode": invite} if invite else {}), token=str(token))
            except Refused as error:
                if error.name != "AlreadyExists" and "repo already exists" not in error.said.lower():
                    raise
            else:
                self.new.resume(made, state.did, password)
                self._finish("create")
                return
        session = self.new.sign_in(state.did, password)
        if session.get("did") != state.did:
            raise InvalidRequest(f"{self.new.name} signs {session.get('did')} in, not {state.did}")
        self._finish("create")

    def repo(self) -> None:
        """Bring the repository along; again, if the old one has been written to since."""
        rev = str(self.old.get("com.atproto.sync.getLatestCommit", did=self.state.did).get("rev"))
        if "repo" in self.state.done and rev == self.state.rev:
            return
        self._ui.step("Bringing the repository along")
        self._folder.save(self.state)
        self.old.fetch_file("com.atproto.sync.getRepo", self._folder.car, self._ui.moved, did=self.state.did)
        self.new.send_file("com.atproto.repo.importRepo", self._folder.car, "application/vnd.ipld.car", self._ui.moved)
        self._folder.car.unlink(missing_ok=True)
        self.state.rev = rev
        self._finish("repo")

    def blobs(self) -> None:
        """Bring along what the records refer to and the new server does not have yet."""
        self._ui.step("Bringing pictures and other files along")
        lost: list[str] = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for missing in self._missing():
                for cid, problem in zip(missing, pool.map(self._bring, missing), strict=True):
                    if problem is not None:
                        lost.append(cid)
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
            # A server at a limit will take it later; all else will be the same tomorrow.
            if error.status in (401, 429) or error.status >= 500:
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
            self._ui.warn(f"Preferences do not come along: {error}. Set them again in your app")
        self._finish("preferences")

    def check(self) -> Json:
        """Return what the new server has, once that is all."""
        status = self.new.get("com.atproto.server.checkAccountStatus")
        gap = _number(status.get("expectedBlobs")) - _number(status.get("importedBlobs")) - len(self.state.lost)
        if gap > 0:
            raise InvalidRequest(f"{gap} files are still missing on the new server: run the same command again")
        return status

    def identity(self, token: str | None) -> None:
        """Have the DID lead to the new server: from here on the account lives there."""
        if "identity" in self.state.done:
            return
        self._ui.step("Changing the identity")
        wanted = self.new.get("com.atproto.identity.getRecommendedDidCredentials")
        if self.new.get("com.atproto.server.checkAccountStatus").get("validDid") is True:
            self._finish("identity")
            return
        if not self.state.did.startswith("did:plc:"):
            self._ui.wait_for_document(wanted)
            self._finish("identity")
            return
        code = token or self._mailed_token()
        signed = self.old.post(
            "com.atproto.identity.signPlcOperation", wanted | {"rotationKeys": self._keys(wanted), "token": code}
        )
        self.new.post("com.atproto.identity.submitPlcOperation", {"operation": signed.get("operation")})
        self._finish("identity")

    def _mailed_token(self) -> str:
        self.old.post("com.atproto.identity.requestPlcOperationSignature")
        return self._ui.ask_token(self.old.name)

    def _keys(self, wanted: Json) -> list[str]:
        """Return the new server's rotation keys behind those that are the owner's own."""
        theirs = _texts(self.old.get("com.atproto.identity.getRecommendedDidCredentials").get("rotationKeys"))
        ours = _texts(wanted.get("rotationKeys"))
        own = [key for key in self._rotation_keys() if key not in theirs and key not in ours]
        return [*own, *ours]

    def activate(self) -> None:
        """Open the account on the new server."""
        if "activate" not in self.state.done:
            self._ui.step("Opening the account on the new server")
            self.new.post("com.atproto.server.activateAccount")
            self._finish("activate")

    def deactivate(self) -> None:
        """Close the account on the old server; nothing there is deleted."""
        if "deactivate" not in self.state.done:
            self._ui.step("Closing the account on the old server")
            self.old.post("com.atproto.server.deactivateAccount", {})
            self._finish("deactivate")

    def verify(self) -> Verdict:
        """Compare both servers: every record, by the root of the tree that names them all, and every blob."""
        self._ui.step("Comparing both servers")
        old, new = (self._data(peer) for peer in (self.old, self.new))
        had, has = (self._blobs_of(peer) for peer in (self.old, self.new))
        problems = [] if old == new else ["the two repositories do not hold the same records"]
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

    def _blobs_of(self, peer: Peer) -> set[str]:
        found: set[str] = set()
        cursor: object = None
        while True:
            answer = peer.get("com.atproto.sync.listBlobs", did=self.state.did, limit=PAGE, cursor=cursor)
            page = _texts(answer.get("cids"))
            found.update(page)
            cursor = answer.get("cursor")
            if not page or cursor is None:
                return found


def _objects(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
