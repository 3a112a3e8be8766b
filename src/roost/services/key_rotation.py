"""New keys for identities, on the operator's word: signing keys of accounts, and rotation keys of their owners (9.5).

A new signing key goes into the DID first and signs the repository anew afterwards, both as one change of
`roost.services.identity_changes`. Replacing all of them works through a list in the database, so that an interruption
is gone on with.
"""

from roost.crypto import CryptoError
from roost.crypto.keys import PrivateKey, PublicKey
from roost.identity import plc
from roost.services.errors import InvalidRequest
from roost.services.identity_changes import Change, IdentityChanges
from roost.storage import key_rotations
from roost.storage.accounts import Account
from roost.storage.db import Database

NOT_OURS = "The keys of a did:web are in a document that its owner writes"


class KeyRotation:
    """Replaces keys."""

    def __init__(self, db: Database, changes: IdentityChanges) -> None:
        self._db = db
        self._changes = changes

    async def begin_all(self) -> list[int]:
        """Return the accounts whose signing keys are to be replaced: all, or what is left of an earlier list.

        What was interrupted in the middle of an account is settled first.
        """
        await self._changes.settle(min_age=0)
        await self._db.write(key_rotations.begin)
        return await self._db.read(key_rotations.left)

    async def skip(self, account: int) -> None:
        """Take an account off the list whose key cannot be replaced."""
        await self._db.write(lambda tx: key_rotations.done(tx, account))

    async def rotate(self, account: Account) -> str:
        """Give the account a new signing key; return its did:key. Raises what `IdentityChanges.edit` does."""
        _check_plc(account)
        key = PrivateKey.generate()
        text = key.public.did_key
        await self._changes.edit(account.id, lambda state: state.with_signing_key(text), Change(key=key))
        return text

    async def add_recovery(self, account: Account, text: str) -> tuple[str, ...]:
        """Put a rotation key in front of all others of the account's DID, where it outranks them; return them all.

        Raises InvalidRequest for what is no key, and what `IdentityChanges.edit` does.
        """
        _check_plc(account)
        try:
            key = PublicKey.from_did_key(text).did_key
        except CryptoError as error:
            raise InvalidRequest(f"Not a key that could sign operations: {error}") from None

        def edit(state: plc.State) -> plc.State:
            return state.with_rotation_keys(key, *(each for each in state.rotation_keys if each != key))

        await self._changes.edit(account.id, edit, Change())
        return plc.state_of(await self._changes.last(account.did)).rotation_keys


def _check_plc(account: Account) -> None:
    if account.did.method != "plc":
        raise InvalidRequest(NOT_OURS)
