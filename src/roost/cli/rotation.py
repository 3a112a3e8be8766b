"""Which of a did:plc's rotation keys are its owner's own: those stay when it moves, the old server's do not.

Servers say what they recommend in two ways: some leave the owner's keys out, and some, this program among them, name
them in front of their own. So a key that is recommended, and is not the last, is the owner's or an operator's recovery
key; an operator's is in the other accounts' DIDs too. Deliberately does not know how a DID is changed.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import httpx

from roost.cli.peer import Peer, Refused
from roost.services.errors import UpstreamFailure
from roost.syntax import Did, InvalidSyntax

SECONDS: Final = 30

LOOKED_AT: Final = 10
FEWEST: Final = 3
"""Other accounts whose keys are looked at, and how many must be there for that to mean anything: one person may well
have two or three accounts and one recovery key, on a server of their own.
"""


class RotationKeys:
    """Asks the PLC directory at a URL about one DID, and about the neighbours that it has on its old server."""

    def __init__(self, plc_url: str, did: Did) -> None:
        self._plc_url = plc_url
        self._did = did

    def of_owner(self, old: Peer) -> list[str] | None:
        """Return the owner's own keys, the most powerful first; None once the DID obeys the old server no more.

        `old` is signed in to. Raises UpstreamFailure, and what `Peer` does.
        """
        if self._did.method != "plc":
            return None
        keys = self._keys(self._did)
        theirs = _recommended(old)
        if theirs is None:  # the old server does not say, but every server puts its own last
            theirs = keys
        if not theirs or theirs[-1] not in keys:
            return None
        doubtful = [key for key in keys if key in theirs[:-1]]
        operators = self._in_most(doubtful, old) if doubtful else set()
        return [key for key in keys if key != theirs[-1] and key not in operators]

    def _in_most(self, keys: Sequence[str], old: Peer) -> set[str]:
        """Return those of the keys that most of the old server's other accounts have."""
        neighbours = [did for did in _hosted(old) if did != self._did and did.method == "plc"][:LOOKED_AT]
        if len(neighbours) < FEWEST:
            return set()
        counts: Counter[str] = Counter()
        for did in neighbours:
            with suppress(UpstreamFailure):  # one whose DID is gone tells nothing
                counts.update(set(self._keys(did)))
        return {key for key in keys if counts[key] * 2 > len(neighbours)}

    def _keys(self, did: Did) -> list[str]:
        try:
            answer = httpx.get(f"{self._plc_url}/{did}/data", timeout=SECONDS, trust_env=False)
            listed = answer.raise_for_status().json().get("rotationKeys")
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            raise UpstreamFailure(
                f"The PLC directory {self._plc_url} cannot be asked: {error} (--plc URL names another)"
            ) from error
        return [str(key) for key in listed] if isinstance(listed, list) else []


def _recommended(old: Peer) -> list[str] | None:
    """Return the rotation keys that the old server recommends; it tells nobody for an account that was taken down."""
    if old.taken_down:
        return None
    listed = old.get("com.atproto.identity.getRecommendedDidCredentials").get("rotationKeys")
    return [str(key) for key in listed] if isinstance(listed, list) else []


def _hosted(old: Peer) -> list[Did]:
    try:
        listed = old.get("com.atproto.sync.listRepos", limit=LOOKED_AT * 2).get("repos")
    except Refused:
        return []  # then nobody knows, and a key in doubt stays
    found = []
    for each in listed if isinstance(listed, list) else []:
        try:
            found.append(Did.parse(each["did"]))
        except (InvalidSyntax, KeyError, TypeError):
            continue
    return found
