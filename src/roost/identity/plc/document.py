"""The DID document of a did:plc identity, as a directory renders it.

Knows nothing of documents from elsewhere (`identity.diddoc` reads those).
"""

from __future__ import annotations

from roost.crypto import CryptoError, PublicKey
from roost.data import Value
from roost.identity.plc.operation import State
from roost.syntax import Did

_CONTEXT = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
# The suite contexts the public directory lists for the curves in use, so that its documents and ours compare equal.
_SUITES = {
    "p256": "https://w3id.org/security/suites/ecdsa-2019/v1",
    "k256": "https://w3id.org/security/suites/secp256k1-2019/v1",
}


def document_of(did: Did, state: State) -> dict[str, Value]:
    """Return the DID document of a state as JSON."""
    context = list(_CONTEXT)
    for key in state.verification_methods.values():
        suite = _suite(key)
        if suite is not None and suite not in context:
            context.append(suite)
    return {
        "@context": [*context],
        "id": str(did),
        "alsoKnownAs": list(state.also_known_as),
        "verificationMethod": [
            {
                "id": f"{did}#{name}",
                "type": "Multikey",
                "controller": str(did),
                "publicKeyMultibase": key.removeprefix("did:key:"),
            }
            for name, key in state.verification_methods.items()
        ],
        "service": [
            {"id": f"#{name}", "type": service.type, "serviceEndpoint": service.endpoint}
            for name, service in state.services.items()
        ],
    }


def _suite(did_key: str) -> str | None:
    try:
        return _SUITES[PublicKey.from_did_key(did_key).curve]
    except CryptoError:
        return None
