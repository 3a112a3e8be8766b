"""An identity, as resolveIdentity and refreshIdentity answer it."""

import msgspec

from roost.services.identity import Resolved
from roost.syntax import Did, Handle


class IdentityInfo(msgspec.Struct, frozen=True, rename="camel"):
    """Who it is; the handle is `handle.invalid` unless it and the document name each other."""

    did: Did
    handle: Handle
    did_doc: object


def identity_info(resolved: Resolved) -> IdentityInfo:
    """Return the answer that tells of an identity."""
    return IdentityInfo(resolved.did, resolved.handle, resolved.document.raw)
