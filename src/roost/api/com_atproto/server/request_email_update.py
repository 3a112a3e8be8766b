"""com.atproto.server.requestEmailUpdate: whether another address takes a token, and the mail with it."""

import msgspec

from roost.api import limits
from roost.api.method import FULL, Auth, Procedure
from roost.services.caller import Caller
from roost.services.email_changes import EmailChanges


class Output(msgspec.Struct, frozen=True, rename="camel"):
    """Whether a token was mailed that updateEmail needs."""

    token_required: bool


async def request_email_update(email_changes: EmailChanges, caller: Caller) -> Output:
    """Ask to change the caller's address. Raises TooManyRequests, UpstreamFailure."""
    return Output(await email_changes.request_update(caller.account))


METHOD = Procedure(
    "com.atproto.server.requestEmailUpdate",
    request_email_update,
    auth=Auth.ACCESS,
    scopes=FULL,
    limits=limits.mails("requestEmailUpdate"),
)
