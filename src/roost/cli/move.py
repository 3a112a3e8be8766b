"""The steps of a move that decide where an account lives: making it on the new server, its identity, its opening there.

Each step finds out by itself whether it is still to be done, so a move may be stopped anywhere and begun again. Up to
the one that changes the identity, nothing has happened that the world can see, and the account lives where it did.
Deliberately does not know how it is shown, or who answers its questions.
"""

from collections.abc import Callable
from typing import Final

from roost.cli.carrying import Carrying, Ui, Verdict
from roost.cli.move_state import MoveFolder, MoveState
from roost.cli.peer import Json, Peer
from roost.services.errors import InvalidRequest

CREATE: Final = "com.atproto.server.createAccount"


class Move:
    """One move, begun or to be gone on with. Every step raises Refused, Unreachable and InvalidRequest."""

    def __init__(
        self, old: Peer, new: Peer, folder: MoveFolder, state: MoveState, ui: Ui, own_keys: Callable[[], list[str]]
    ) -> None:
        """`own_keys` gives the rotation keys of the DID that are its owner's own, the most powerful first."""
        self._own_keys = own_keys
        self.old = old
        self.new = new
        self.state = state
        self.cargo = Carrying(old, new, folder, state, ui)
        self._folder = folder
        self._ui = ui

    def _finish(self, step: str) -> None:
        self._folder.finish(self.state, step)

    def create(self, password: str, invite: str | None) -> None:
        """Make the account on the new server, deactivated; one that is there from an earlier try is signed in to."""
        self._ui.step("Making the account on the new server")
        state, there = self.state, self.new.has_account(self.state.did)
        if "create" in state.done and not there and "identity" not in state.done:
            state.begin_anew()  # a server may give up what nobody has come back to for days
        if state.found is None:
            state.found = there
        self._folder.save(state)  # before the account is there: an undo has to find what a later line would have told
        if not there:
            self._make(password, invite)
        elif self.new.sign_in(state.did, password).get("did") != state.did:
            raise InvalidRequest(f"{self.new.name} signs somebody else in, not {state.did}")
        self._finish("create")

    def _make(self, password: str, invite: str | None) -> None:
        state = self.state
        service = str(self.new.get("com.atproto.server.describeServer").get("did"))
        token = self.old.get("com.atproto.server.getServiceAuth", aud=service, lxm=CREATE).get("token")
        body: Json = {"did": state.did, "handle": state.handle, "email": state.email, "password": password}
        made = self.new.post(CREATE, body | ({"inviteCode": invite} if invite else {}), token=str(token))
        self.new.resume(made, state.did, password)

    def settled(self) -> bool:
        """Return whether the DID leads to the new server, whatever is remembered of that."""
        if "identity" not in self.state.done:
            if self.new.get("com.atproto.server.checkAccountStatus").get("validDid") is not True:
                return False
            self._finish("identity")
        return True

    def identity(self, token: str | None) -> None:
        """Have the DID lead to the new server: from here on the account lives there."""
        if self.settled():
            return
        self._ui.step("Changing the identity")
        wanted = self.new.get("com.atproto.identity.getRecommendedDidCredentials")
        if not self.state.did.startswith("did:plc:"):
            self._wait_for_document(wanted)
            return
        keys = self._keys(wanted)
        code = token or self._mailed_token()
        self.cargo.bring()  # what was written while the owner was looking for the code
        # From here on nobody but the directory knows whether it has changed; `undo` asks there.
        self._finish("identity-begun")
        signed = self.old.post("com.atproto.identity.signPlcOperation", wanted | {"rotationKeys": keys, "token": code})
        self.new.post("com.atproto.identity.submitPlcOperation", {"operation": signed.get("operation")})
        self._finish("identity")

    def _wait_for_document(self, wanted: Json) -> None:
        self._ui.wait_for_document(wanted)
        if not self.settled():
            raise InvalidRequest(
                f"The document of {self.state.did} does not say that yet: once it does, run the same command again"
            )

    def _mailed_token(self) -> str:
        self.old.post("com.atproto.identity.requestPlcOperationSignature")
        return self._ui.ask_token(self.old.name)

    def _keys(self, wanted: Json) -> list[str]:
        """Return the new server's rotation keys behind those that are the owner's own."""
        listed = wanted.get("rotationKeys")
        theirs = [str(key) for key in listed] if isinstance(listed, list) else []
        return [*(key for key in self._own_keys() if key not in theirs), *theirs]

    def hand_over(self, *, keep_old: bool) -> Verdict | None:
        """Bring the last along, once the old account is closed, and compare; None if the new one has been open before.

        The old one must not be written to any more, unless its owner keeps it, and nobody can have written on the new
        one yet: this is the last moment at which anything may be brought.
        """
        if self._opened():
            self.cargo.tell_what_stays()
            return None
        self.cargo.bring()
        self.cargo.preferences()
        if not keep_old:
            self.deactivate()
            self.cargo.bring()
        return self.cargo.verify()

    def _opened(self) -> bool:
        if "activate" in self.state.done:
            return True
        return self.new.get("com.atproto.server.checkAccountStatus").get("activated") is True

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
