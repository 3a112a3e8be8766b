"""The server's own identity: its did:web, and the key that is the server's and no account's."""

from roost.crypto.keys import PrivateKey
from roost.identity import diddoc
from roost.identity.diddoc import PDS_ID, PDS_TYPE, SIGNING_KEY_ID, DidDocument, DocumentService, VerificationMethod
from roost.services.policy import Policy


class ServerIdentity:
    """Who the server is. `key` signs what it says for itself; it rests sealed like every other."""

    def __init__(self, policy: Policy, key: PrivateKey) -> None:
        self.did = policy.did
        self.key = key
        self._public_url = policy.public_url

    def document(self) -> dict[str, object]:
        """Return the DID document as JSON, for `/.well-known/did.json`."""
        multibase = self.key.public.did_key.removeprefix("did:key:")
        return diddoc.format(
            DidDocument(
                self.did,
                verification_methods=(VerificationMethod(SIGNING_KEY_ID, "Multikey", multibase),),
                services=(DocumentService(PDS_ID, PDS_TYPE, self._public_url),),
            )
        )
