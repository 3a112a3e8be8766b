"""How far a move has come, in a small file that only its owner may read: enough to go on after anything, and no secret.

Deliberately does not know what the steps do.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from roost.services.errors import InvalidRequest

FILE: Final = "state.json"
CAR: Final = "repo.car"


class MoveState(msgspec.Struct, rename="camel"):
    """A move of one account. Each step that is in `done` need not be taken again; `identity-begun` says that nobody but
    the directory knows whether `identity` is.

    `rev` and `root` are the repository's that came along last: by the first the old server is asked whether it has been
    written to, by the second the new one, of which `sent` is told what it may have taken in before a move was stopped.
    `lost` are the blobs that the old server does not have. `found` is whether the account was on the new server before;
    `own` are the rotation keys that are the owner's own, None where nobody has found out; `plc` is the directory.
    """

    did: str
    old: str
    new: str
    handle: str
    email: str
    done: list[str] = []
    rev: str = ""
    lost: list[str] = []
    root: str = ""
    sent: str = ""
    found: bool | None = None
    own: list[str] | None = None
    plc: str = ""

    def begin_anew(self) -> None:
        """Forget what was done on the new server: the account there is gone."""
        self.done, self.rev, self.root, self.sent, self.lost, self.found = [], "", "", "", [], False


class MoveFolder:
    """Where a move keeps what it has to remember: `roost-migrate-<did>` in the folder that it was started in."""

    def __init__(self, base: Path, did: str) -> None:
        self.path = base / f"roost-migrate-{did.replace(':', '_')}"

    @property
    def car(self) -> Path:
        """Where the repository is kept between the two servers."""
        return self.path / CAR

    def load(self) -> MoveState | None:
        """Return the move that was begun, or None. Raises InvalidRequest for a file that cannot be read."""
        try:
            return msgspec.json.decode((self.path / FILE).read_bytes(), type=MoveState)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise InvalidRequest(
                f"{self.path / FILE} cannot be read: {error}; remove the folder to begin anew"
            ) from error

    def save(self, state: MoveState) -> None:
        """Write it, whole or not at all."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.path / f"{FILE}.part"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(state), indent=2))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path / FILE)

    def finish(self, state: MoveState, step: str) -> None:
        """Remember that a step is done."""
        if step not in state.done:
            state.done.append(step)
        self.save(state)

    def remove(self) -> None:
        """Forget the move."""
        for name in (FILE, f"{FILE}.part", CAR):
            (self.path / name).unlink(missing_ok=True)
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()
