"""Keys at work: signing keys of accounts and secrets of the server, which rest sealed under the master key."""

from collections import OrderedDict
from secrets import token_bytes
from typing import Final

from roost.crypto.keys import PrivateKey
from roost.crypto.seal import seal, unseal
from roost.storage import accounts, secrets
from roost.storage.db import Database, Tx
from roost.syntax import Did

_NONCE_BYTES: Final = 12
_KEYS_KEPT: Final = 4096
"""Unsealed signing keys kept: unsealing and parsing one costs about as much as a signature."""


class Keyring:
    """Seals and unseals; a key leaves it only to sign."""

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._kept: OrderedDict[tuple[Did, int], PrivateKey] = OrderedDict()

    def seal_key(self, did: Did, key: PrivateKey) -> bytes:
        """Return an account's signing key as it is stored."""
        return seal(self._master, token_bytes(_NONCE_BYTES), key.to_bytes(), context=did.encode())

    def unseal_key(self, did: Did, sealed: bytes) -> PrivateKey:
        """Return the key that `seal_key` sealed for that account. Raises WrongMasterKey, Tampered."""
        return PrivateKey.from_bytes(unseal(self._master, sealed, context=did.encode()))

    def seal_spare(self, key: PrivateKey) -> bytes:
        """Return a signing key that is nobody's yet as it is stored: for its own did:key in the place of a DID."""
        return seal(self._master, token_bytes(_NONCE_BYTES), key.to_bytes(), context=key.public.did_key.encode())

    def unseal_spare(self, signing_key: str, sealed: bytes) -> PrivateKey:
        """Return the key with that did:key that `seal_spare` sealed. Raises WrongMasterKey, Tampered."""
        return PrivateKey.from_bytes(unseal(self._master, sealed, context=signing_key.encode()))

    def signing_key(self, tx: Tx, account: int, did: Did, *, made_at: int | None = None) -> PrivateKey:
        """Return the account's signing key. Raises WrongMasterKey or Tampered if it was sealed under another.

        `made_at` is `Account.signing_key_at`, for who has read that in this transaction.

        Kept by DID, since the id of an account whose transaction failed is given to the next one; and by when the key
        was made, so that a reader with an older snapshot, or another process, cannot bring back one that was replaced.
        """
        kept = did, accounts.signing_key_at(tx, account) if made_at is None else made_at
        key = self._kept.get(kept)
        if key is None:
            key = self._kept[kept] = self.unseal_key(did, accounts.signing_key(tx, account))
            if len(self._kept) > _KEYS_KEPT:
                self._kept.popitem(last=False)
        return key

    def forget(self, did: Did) -> None:
        """Drop the keys of an account that is gone."""
        for kept in [each for each in self._kept if each[0] == did]:
            del self._kept[kept]

    async def replace_secret(self, db: Database, name: str, value: bytes) -> None:
        """Put another value in the place of a secret, for a server that is not used yet: what has it keeps it."""
        sealed = seal(self._master, token_bytes(_NONCE_BYTES), value, context=f"secret:{name}".encode())
        await db.write(lambda tx: secrets.replace(tx, name, sealed))

    async def secret(self, db: Database, name: str, size: int = 32) -> bytes:
        """Return the server's secret of that name, made of `size` random bytes when first asked for."""
        context = f"secret:{name}".encode()
        fresh = seal(self._master, token_bytes(_NONCE_BYTES), token_bytes(size), context=context)

        def get_or_add(tx: Tx) -> bytes:
            secrets.add(tx, name, fresh)
            sealed = secrets.get(tx, name)
            assert sealed is not None, "it was there or has been added"
            return sealed

        return unseal(self._master, await db.write(get_or_add), context=context)
