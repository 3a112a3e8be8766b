"""com.atproto.admin.sendEmail: a mail to an account's owner."""

import msgspec

from roost.api.method import Auth, Procedure
from roost.services.admin import Admin
from roost.services.audit import Action
from roost.syntax import Did


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """The mail, in HTML; `comment` is for moderators alone, and goes into the log."""

    recipient_did: Did
    content: str
    sender_did: Did
    subject: str | None = None
    comment: str | None = None


class Output(msgspec.Struct, frozen=True):
    """That the mail is on its way."""

    sent: bool


async def send_email(admin: Admin, action: Action, input: Input) -> Output:
    """Send a mail. Raises UnknownAccount, InvalidRequest, UpstreamFailure."""
    await admin.send_email(
        input.recipient_did,
        input.content,
        subject=input.subject,
        sender=input.sender_did,
        comment=input.comment,
        action=action,
    )
    return Output(True)


METHOD = Procedure("com.atproto.admin.sendEmail", send_email, auth=Auth.MODERATOR)
