"""com.atproto.identity.submitPlcOperation: an operation on the caller's DID to the directory, if it leaves it here."""

import msgspec

from roost.api.method import Auth, Procedure, Record
from roost.services.caller import Caller
from roost.services.plc_operations import PlcOperations


class Input(msgspec.Struct, frozen=True):
    """The signed operation."""

    operation: Record


async def submit_plc_operation(operations: PlcOperations, caller: Caller, input: Input) -> None:
    """Submit an operation. Raises what `PlcOperations.submit` does."""
    await operations.submit(caller.account, input.operation)


METHOD = Procedure("com.atproto.identity.submitPlcOperation", submit_plc_operation, auth=Auth.ACCESS)
