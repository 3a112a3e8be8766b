"""Giving an account another signing key, on the operator's word: one of those that this server holds.

A key that it does not hold would leave the account unable to write: so the key has to be reserved for the account
first, which the owner of its DID may see to, or be the one that it has, for a DID document that says otherwise.
"""

from roost.identity.errors import UnusableKey
from roost.net.errors import NetError
from roost.net.resolve import DidResolver
from roost.services.admin import known
from roost.services.audit import Action
from roost.services.errors import InvalidRequest
from roost.services.identity_changes import Change, IdentityChanges
from roost.services.keyring import Keyring
from roost.services.upstream import explained
from roost.storage import reserved_keys
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.syntax import Did

NOT_HELD = "This server does not hold that key: have one made for the account with com.atproto.server.reserveSigningKey"


class SigningKeys:
    """Replaces keys."""

    def __init__(self, db: Database, keyring: Keyring, changes: IdentityChanges, resolver: DidResolver) -> None:
        self._db = db
        self._keyring = keyring
        self._changes = changes
        self._resolver = resolver

    async def use(self, did: Did, signing_key: str, *, action: Action) -> None:
        """Have an account sign with the key that a did:key names, and its DID document say so; its commit is signed
        anew and the network is told.

        Raises UnknownAccount, InvalidRequest for a key that this server does not hold, TooManyRequests,
        UpstreamFailure.
        """
        action.about(did, did=did)
        account, change = await self._db.read(lambda tx: self._change(tx, did, signing_key))
        await action.begin(signingKey=signing_key)
        if did.method == "plc":
            await self._changes.edit(account.id, lambda state: state.with_signing_key(signing_key), change)
        else:
            await self._check_document(did, signing_key)
            await self._changes.apply(account.id, change)
        if change.key is not None:
            await self._db.write(lambda tx: reserved_keys.delete(tx, signing_key))

    def _change(self, tx: Tx, did: Did, signing_key: str) -> tuple[Account, Change]:
        account = known(tx, did)
        if self._keyring.signing_key(tx, account.id, did).public.did_key == signing_key:
            return account, Change()
        reserved = reserved_keys.get(tx, signing_key)
        if reserved is None or reserved.did != did:
            raise InvalidRequest(NOT_HELD)
        return account, Change(key=self._keyring.unseal_key(did, reserved.sealed))

    async def _check_document(self, did: Did, signing_key: str) -> None:
        """Refuse a key that a did:web does not name: its document is its owner's to write (7.2)."""
        try:
            key = (await self._resolver.resolve(did, fresh=True)).signing_key
        except NetError as error:
            raise explained(error, "The host of the DID document") from error
        except UnusableKey:
            key = None
        if key is None or key.did_key != signing_key:
            raise InvalidRequest(f"The DID document must name {signing_key} as its key atproto; change it first")
