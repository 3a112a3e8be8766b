"""com.atproto.server.reserveSigningKey: a key for an account that is about to come."""

import msgspec

from roost.api.method import Procedure
from roost.services.reserved_keys import ReservedKeys
from roost.syntax import Did


class Input(msgspec.Struct, frozen=True):
    """Whose it will be, if that is known."""

    did: Did | None = None


class Output(msgspec.Struct, frozen=True, rename="camel"):
    """The public key, as a did:key."""

    signing_key: str


async def reserve_signing_key(reserved_keys: ReservedKeys, input: Input) -> Output:
    """Reserve a key: for one DID always the same. Raises TooManyRequests."""
    return Output(await reserved_keys.reserve(input.did))


METHOD = Procedure("com.atproto.server.reserveSigningKey", reserve_signing_key)
