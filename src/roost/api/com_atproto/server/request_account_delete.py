"""com.atproto.server.requestAccountDelete: mail the token that deleting the account takes."""

from roost.api import limits
from roost.api.method import FULL, Auth, Procedure
from roost.services.caller import Caller
from roost.services.deletion import Deletion


async def request_account_delete(deletion: Deletion, caller: Caller) -> None:
    """Ask for the mail. Raises InvalidRequest where there is no address, TooManyRequests, UpstreamFailure."""
    await deletion.request(caller.account)


METHOD = Procedure(
    "com.atproto.server.requestAccountDelete",
    request_account_delete,
    auth=Auth.ACCESS,
    scopes=FULL,
    limits=limits.mails("requestAccountDelete"),
)
