"""Who is who: handles to DIDs, DIDs to documents, and both at once.

What strangers may have us ask of others is bounded by a `Budget`; what is remembered, or hosted here, costs nothing.
"""

import msgspec

from roost.identity.diddoc import DidDocument
from roost.identity.handle import service_domain_of
from roost.net.errors import DidEnded, DidNotResolved, NetError, Unreachable
from roost.net.resolve import DidResolver, HandleResolver
from roost.services.budget import Budget, party_of
from roost.services.errors import (
    DidDeactivated,
    DidNotFound,
    HandleNotFound,
    InvalidRequest,
    TooManyRequests,
    UpstreamFailure,
)
from roost.services.policy import Policy
from roost.services.upstream import explained
from roost.storage import accounts
from roost.storage.accounts import INVALID_HANDLE
from roost.storage.db import Database
from roost.syntax import AtIdentifier, Did, Handle

UNRESOLVED = "Unable to resolve handle"


class Resolved(msgspec.Struct, frozen=True):
    """An identity; `handle` is `handle.invalid` unless document and handle name each other."""

    did: Did
    handle: Handle
    document: DidDocument


class Identity:
    """Answers from the accounts here first, and asks the network for the rest."""

    def __init__(
        self, db: Database, policy: Policy, documents: DidResolver, handles: HandleResolver, budget: Budget
    ) -> None:
        self._db = db
        self._policy = policy
        self._documents = documents
        self._handles = handles
        self._budget = budget

    async def hosted(self, handle: Handle) -> Did | None:
        """Return the DID of the active account here that has that handle, and which it leads to, or None."""
        account = await self._db.read(lambda tx: accounts.by_handle(tx, handle))
        if account is None or account.status is not None or account.handle_invalid_at is not None:
            return None
        return account.did

    async def resolve_handle(self, handle: Handle, *, foreign: bool = True) -> Did:
        """Return the DID that a handle stands for. Raises HandleNotFound, or InvalidRequest for a foreign handle."""
        did = await self.hosted(handle)
        if did is not None:
            return did
        if self._only_we_know(handle):
            raise HandleNotFound(UNRESOLVED)
        if foreign:
            async with self._budget.spend(party_of(handle)):
                did = await self._handles.resolve(handle)
        if did is None:
            raise InvalidRequest(UNRESOLVED)
        return did

    async def document(self, did: Did, *, fresh: bool = False) -> DidDocument:
        """Return the DID's document. Raises InvalidRequest if there is none that can be used."""
        try:
            return await self._documents.resolve(did, fresh=fresh)
        except NetError as error:
            raise InvalidRequest(f"Could not resolve DID: {did}") from error

    async def resolve_did(self, did: Did, *, fresh: bool = False) -> DidDocument:
        """Return the document of anybody's DID, for anybody.

        Raises DidNotFound, DidDeactivated, TooManyRequests, UpstreamFailure.
        """
        known = None if fresh else await self._documents.peek(did)
        if known is not None:
            return known
        try:
            async with self._budget.spend(party_of(did)):
                return await self._documents.resolve(did, fresh=fresh)
        except DidEnded:
            raise DidDeactivated(f"The DID has been deactivated: {did}") from None
        except DidNotResolved:
            raise DidNotFound(f"No document of this DID can be found: {did}") from None
        except NetError as error:
            raise explained(error, "Whoever keeps the DID document") from error

    async def resolve(self, who: AtIdentifier, *, fresh: bool = False) -> Resolved:
        """Return the identity that a handle or a DID names, the handle verified both ways.

        Raises HandleNotFound, and what `resolve_did` does.
        """
        did = who if isinstance(who, Did) else await self._found(Handle(who))
        document = await self.resolve_did(did, fresh=fresh)
        return Resolved(did, await self._verified(document), document)

    async def handle_is_correct(self, handle: Handle, document: DidDocument) -> bool:
        """Return whether the document names the handle first, and the handle leads back to the DID."""
        if document.handle != handle:
            return False
        try:
            return await self.resolve_handle(handle) == document.did
        except (InvalidRequest, TooManyRequests):
            # What cannot be proved now is not proved; the rest of what was asked for can be told all the same.
            return False

    async def _found(self, handle: Handle) -> Did:
        """Return whose the handle is. Raises HandleNotFound if it is nobody's, UpstreamFailure if nobody can say."""
        did = await self.hosted(handle)
        if did is not None:
            return did
        if self._only_we_know(handle):
            raise HandleNotFound(UNRESOLVED)
        try:
            async with self._budget.spend(party_of(handle)):
                did = await self._handles.lookup(handle)
        except Unreachable:
            raise UpstreamFailure("Neither DNS nor the handle's own server can say whose it is; try again") from None
        if did is None:
            raise HandleNotFound(UNRESOLVED)
        return did

    async def _verified(self, document: DidDocument) -> Handle:
        claimed = document.handle
        if claimed is not None and await self.handle_is_correct(claimed, document):
            return claimed
        return INVALID_HANDLE

    def _only_we_know(self, handle: Handle) -> bool:
        return handle in self._policy.domains or service_domain_of(handle, self._policy.domains) is not None
