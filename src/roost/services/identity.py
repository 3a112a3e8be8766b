"""Who is who: handles to DIDs, and DIDs to documents."""

from roost.identity.diddoc import DidDocument
from roost.identity.handle import service_domain_of
from roost.net.errors import NetError
from roost.net.resolve import DidResolver, HandleResolver
from roost.services.errors import HandleNotFound, InvalidRequest
from roost.services.policy import Policy
from roost.storage import accounts
from roost.storage.db import Database
from roost.syntax import Did, Handle


class Identity:
    """Answers from the accounts here first, and asks the network for the rest."""

    def __init__(self, db: Database, policy: Policy, documents: DidResolver, handles: HandleResolver) -> None:
        self._db = db
        self._policy = policy
        self._documents = documents
        self._handles = handles

    async def hosted(self, handle: Handle) -> Did | None:
        """Return the DID of the active account here with that handle, or None."""
        account = await self._db.read(lambda tx: accounts.by_handle(tx, handle))
        return account.did if account is not None and account.status is None else None

    async def resolve_handle(self, handle: Handle, *, foreign: bool = True) -> Did:
        """Return the DID that a handle stands for. Raises HandleNotFound, or InvalidRequest for a foreign handle."""
        did = await self.hosted(handle)
        if did is not None:
            return did
        if handle in self._policy.domains or service_domain_of(handle, self._policy.domains) is not None:
            raise HandleNotFound("Unable to resolve handle")
        did = await self._handles.resolve(handle) if foreign else None
        if did is None:
            raise InvalidRequest("Unable to resolve handle")
        return did

    async def document(self, did: Did, *, fresh: bool = False) -> DidDocument:
        """Return the DID's document. Raises InvalidRequest if there is none that can be used."""
        try:
            return await self._documents.resolve(did, fresh=fresh)
        except NetError as error:
            raise InvalidRequest(f"Could not resolve DID: {did}") from error

    async def handle_is_correct(self, handle: Handle, document: DidDocument) -> bool:
        """Return whether the document names the handle first, and the handle leads back to the DID."""
        if document.handle != handle:
            return False
        try:
            return await self.resolve_handle(handle) == document.did
        except InvalidRequest:
            return False
