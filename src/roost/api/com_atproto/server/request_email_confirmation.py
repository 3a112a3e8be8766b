"""com.atproto.server.requestEmailConfirmation: mail a token that shows that the address is the owner's."""

from roost.api import limits
from roost.api.method import Auth, Procedure
from roost.services.caller import Caller
from roost.services.email_changes import EmailChanges


async def request_email_confirmation(email_changes: EmailChanges, caller: Caller) -> None:
    """Ask for the mail. Raises InvalidRequest where there is no address, TooManyRequests, UpstreamFailure."""
    await email_changes.request_confirmation(caller.account)


METHOD = Procedure(
    "com.atproto.server.requestEmailConfirmation",
    request_email_confirmation,
    auth=Auth.ACCESS,
    limits=limits.mails("requestEmailConfirmation"),
)
