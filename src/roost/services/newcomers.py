"""Accounts that move here with a DID of their own: who may bring one, under which handle, and with which key.

The one proof is a service token that the DID's present signing key has made for this very call (section 8.1). The
account then waits, deactivated, for its repository, its blobs and its owner's word.
"""

from roost.crypto.keys import PrivateKey
from roost.net.resolve import HandleResolver
from roost.services.caller import Service
from roost.services.errors import InvalidRequest, Unauthenticated
from roost.services.handles import NOT_PROVEN, Handles
from roost.services.keyring import Keyring
from roost.services.policy import Policy
from roost.services.registration import Application, Registered, Registration
from roost.services.reserved_keys import ReservedKeys
from roost.syntax import Did, Handle


class Newcomers:
    """Takes accounts in that have lived elsewhere."""

    def __init__(
        self,
        policy: Policy,
        registration: Registration,
        handles: Handles,
        resolver: HandleResolver,
        keyring: Keyring,
        reserved: ReservedKeys,
    ) -> None:
        self._policy = policy
        self._registration = registration
        self._handles = handles
        self._resolver = resolver
        self._keyring = keyring
        self._reserved = reserved

    async def take_in(self, wanted: Application, did: Did, caller: Service | None) -> Registered:
        """Make the account, for a caller who holds the DID's key; with the signing key that was reserved, if one was.

        Raises Unauthenticated for any other, AlreadyExists, InvalidHandle, InvalidRequest for a handle of somebody
        else, and what `Registration.take_in` does.
        """
        if caller is None or caller.iss != did:
            raise Unauthenticated(f"Missing auth to create account with did: {did}")
        if wanted.recovery_key is not None:
            raise InvalidRequest("recoveryKey is for a new DID; put it into the DID's own rotation keys instead")
        await self._check_handle(wanted.handle, did)
        fresh = self._keyring.seal_key(did, PrivateKey.generate())
        return await self._registration.take_in(wanted, did, lambda tx: self._reserved.take(tx, did) or fresh)

    async def _check_handle(self, handle: Handle, did: Did) -> None:
        """Refuse a handle that is neither ours to give nor leads to the DID already."""
        self._handles.check(handle)
        if not self._policy.is_ours(handle) and await self._resolver.resolve(handle) != did:
            raise InvalidRequest(NOT_PROVEN)
