"""com.atproto.identity.signPlcOperation: an operation on the caller's DID, signed with this server's rotation key."""

import msgspec

from roost.api.method import FULL, Auth, Procedure, Record
from roost.services.caller import Caller, Scope
from roost.services.plc_operations import PlcOperations, Wanted


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """The mailed token, and the fields to change; what is left out stays as it is in the DID's last operation."""

    token: str | None = None
    rotation_keys: list[str] | None = None
    also_known_as: list[str] | None = None
    verification_methods: Record | None = None
    services: Record | None = None


class Output(msgspec.Struct, frozen=True):
    """The operation, which has not been submitted."""

    operation: object


async def sign_plc_operation(operations: PlcOperations, caller: Caller, input: Input) -> Output:
    """Sign an operation. Raises what `PlcOperations.sign` does."""
    wanted = Wanted(input.rotation_keys, input.also_known_as, input.verification_methods, input.services)
    return Output(await operations.sign(caller.account, input.token, wanted))


METHOD = Procedure(
    "com.atproto.identity.signPlcOperation",
    sign_plc_operation,
    auth=Auth.ACCESS,
    scopes=FULL | {Scope.TAKENDOWN},
)
