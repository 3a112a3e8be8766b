"""com.atproto.identity.getRecommendedDidCredentials: what the caller's DID should say for the account to live here."""

from collections.abc import Mapping

import msgspec

from roost.api.method import Auth, Query
from roost.services.caller import Caller
from roost.services.plc_operations import PlcOperations


class Service(msgspec.Struct, frozen=True):
    """An entry of `services`."""

    type: str
    endpoint: str


class Output(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The fields of an operation; a did:web has no rotation keys."""

    also_known_as: tuple[str, ...]
    verification_methods: Mapping[str, str]
    services: Mapping[str, Service]
    rotation_keys: tuple[str, ...] | None = None


async def get_recommended_did_credentials(operations: PlcOperations, caller: Caller) -> Output:
    """Tell what to put into the DID document. Raises what `PlcOperations.recommended` does."""
    found = await operations.recommended(caller.account)
    services = {name: Service(service.type, service.endpoint) for name, service in found.services.items()}
    return Output(found.also_known_as, found.verification_methods, services, found.rotation_keys)


METHOD = Query("com.atproto.identity.getRecommendedDidCredentials", get_recommended_did_credentials, auth=Auth.ACCESS)
