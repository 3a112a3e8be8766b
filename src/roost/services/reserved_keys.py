"""Signing keys for accounts that are about to come: whoever moves puts the public one into their DID document first.

Anybody may ask for one, so they are bounded in number and forgotten after a while.
"""

from typing import Final

from roost.crypto.keys import PrivateKey
from roost.services.clock import Minter
from roost.services.errors import TooManyRequests
from roost.services.keyring import Keyring
from roost.storage import reserved_keys
from roost.storage.db import Database, Tx
from roost.storage.reserved_keys import ReservedKey
from roost.syntax import Did

KEPT_DAYS: Final = 7
"""How long a key waits for its account: a move takes minutes, but some owners edit a document by hand first."""

MAX_KEYS: Final = 10_000
"""Keys that wait at a time, some 3 MB. When there are as many, the oldest makes room."""

SURE_MINUTES: Final = 60
"""How long a key is kept however many are asked for: nobody shall lose theirs in the middle of a move to somebody who
asks for ten thousand. Who comes then is turned away.
"""

_MINUTE: Final = 60_000
_DAY: Final = 86_400_000


class ReservedKeys:
    """Makes keys and keeps them until their account comes."""

    def __init__(self, db: Database, keyring: Keyring, minter: Minter) -> None:
        self._db = db
        self._keyring = keyring
        self._minter = minter

    async def reserve(self, did: Did | None) -> str:
        """Return the did:key of a key for the account with that DID, the same each time; a new one for nobody yet.

        Raises TooManyRequests.
        """
        if did is not None:
            found = await self._db.read(lambda tx: self._waiting(tx, did))
            if found is not None:
                return found.signing_key
        key = PrivateKey.generate()
        sealed = self._keyring.seal_key(did, key) if did is not None else self._keyring.seal_spare(key)
        made = ReservedKey(key.public.did_key, did, sealed, self._minter.milliseconds())

        def add(tx: Tx) -> str:
            # Of those who ask at the same moment the first has added one.
            found = None if did is None else self._waiting(tx, did)
            if found is not None:
                return found.signing_key
            self._make_room(tx)
            if did is not None:
                reserved_keys.delete_for(tx, did)
            added = reserved_keys.add(tx, made)
            assert added, "keys differ, and the DID has none"
            return made.signing_key

        return await self._db.write(add)

    def take(self, tx: Tx, did: Did) -> bytes | None:
        """Take the key that waits for that DID, in the transaction that makes its account, sealed as accounts keep
        theirs; None where none waits.
        """
        found = self._waiting(tx, did)
        if found is not None:
            reserved_keys.delete(tx, found.signing_key)
        return None if found is None else found.sealed

    def _waiting(self, tx: Tx, did: Did) -> ReservedKey | None:
        found = reserved_keys.by_did(tx, did)
        return None if found is None or found.created_at < self._oldest() else found

    def _oldest(self) -> int:
        return self._minter.milliseconds() - KEPT_DAYS * _DAY

    def _make_room(self, tx: Tx) -> None:
        reserved_keys.drop_older(tx, self._oldest())
        if reserved_keys.count(tx) < MAX_KEYS:
            return
        oldest = reserved_keys.oldest(tx)
        assert oldest is not None, "there are as many as there may be"
        sure = oldest.created_at + SURE_MINUTES * _MINUTE - self._minter.milliseconds()
        if sure > 0:
            wait = sure // 1000 + 1
            raise TooManyRequests(
                "Too many signing keys wait for their accounts; try again in an hour", retry_after=wait
            )
        reserved_keys.delete(tx, oldest.signing_key)
