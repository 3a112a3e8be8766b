"""com.atproto.identity.requestPlcOperationSignature: a mail with the token that signPlcOperation needs."""

from roost.api.method import FULL, Auth, Procedure
from roost.services.caller import Caller, Scope
from roost.services.plc_operations import PlcOperations


async def request_plc_operation_signature(operations: PlcOperations, caller: Caller) -> None:
    """Mail a token. Raises what `PlcOperations.request` does."""
    await operations.request(caller.account)


METHOD = Procedure(
    "com.atproto.identity.requestPlcOperationSignature",
    request_plc_operation_signature,
    auth=Auth.ACCESS,
    scopes=FULL | {Scope.TAKENDOWN},
)
