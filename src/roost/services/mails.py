"""What the mails say that carry a token: one for each purpose, in plain text and in HTML.

It deliberately does not know how a token is made, kept or checked (`services.mail_tokens`), nor how mail is sent.
"""

from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Final

from roost.net.mail import Mail

TOKEN_MINUTES: Final = 15
"""How long a mailed token may be used: the reference server's time."""


class Purpose(StrEnum):
    """What a mailed token is good for; an account has at most one token for each."""

    CONFIRM_EMAIL = "confirm_email"
    UPDATE_EMAIL = "update_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose's name, not a password
    DELETE_ACCOUNT = "delete_account"
    PLC_OPERATION = "plc_operation"


@dataclass(frozen=True, slots=True)
class _Words:
    """A mail's subject and heading, why it comes, and what the token does; `{handle}` is filled in."""

    subject: str
    heading: str
    why: str
    act: str


_WORDS: Final = {
    Purpose.CONFIRM_EMAIL: _Words(
        "Email Confirmation",
        "Confirm your email address",
        "The account {handle} has this email address.",
        "To confirm that it is yours",
    ),
    Purpose.UPDATE_EMAIL: _Words(
        "Email Update Requested",
        "Change your email address",
        "Another email address was asked for the account {handle}.",
        "To allow the change",
    ),
    Purpose.RESET_PASSWORD: _Words(
        "Password Reset Requested",
        "Reset your password",
        "A new password was asked for the account {handle}.",
        "To choose one",
    ),
    Purpose.DELETE_ACCOUNT: _Words(
        "Account Deletion Requested",
        "Delete your account",
        "It was asked that the account {handle} be deleted, with everything in it and for good.",
        "To delete it",
    ),
    Purpose.PLC_OPERATION: _Words(
        "PLC Update Operation Requested",
        "Change your identity",
        "A change of the identity of {handle} in the PLC directory was asked for. Whoever has this code can move the"
        " account to another server.",
        "To allow the change",
    ),
}


def token_mail(purpose: Purpose, *, to: str, handle: str, token: str, link: str | None = None) -> Mail:
    """Return the mail that carries a token, as a code to type and, where `link` leads to a page for it, as a link."""
    words = _WORDS[purpose]
    why = words.why.format(handle=handle)
    act = f"{words.act}, enter this code: {token}"
    html_act = f"<p>{words.act}, enter this code: <code>{token}</code></p>"
    if link is not None:
        act = f"{words.act}, open {link}\nor enter this code: {token}"
        html_act = (
            f'<p>{words.act}, <a href="{escape(link)}">open this page</a>, or enter this code: <code>{token}</code></p>'
        )
    once = f"It can be used once, within {TOKEN_MINUTES} minutes. If you did not ask for it, do nothing."
    text = f"{why}\n\n{act}\n\n{once}\n"
    html = f"<h3>{words.heading}</h3><p>{escape(why)}</p>{html_act}<p>{once}</p>"
    return Mail(to, words.subject, text, html)
