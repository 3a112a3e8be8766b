"""What an operator and the moderators do with accounts, other than taking them down: looking at them, finding them,
changing their email address, whether they are given invites, and writing to them.
"""

import html
import re
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec
import structlog

from roost.net.errors import NetError
from roost.net.mail import Mail, Mailer
from roost.services import hosting
from roost.services.audit import BEGUN, Action
from roost.services.emails import parse_email
from roost.services.errors import EmailNotAvailable, InvalidRequest, SubjectNotFound, UnknownAccount, UpstreamFailure
from roost.services.invites import Told, told_of
from roost.storage import accounts, mail_tokens
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx
from roost.syntax import AtIdentifier, Did

log = structlog.get_logger(__name__)

STEP: Final = 2000
"""Accounts looked at in one read of a search: some milliseconds, which is what other requests may wait."""

TOGETHER: Final = 25
"""Accounts described in one read, for the same reason."""

SUBJECT: Final = "Message via your PDS"
LONGEST_SUBJECT: Final = 200
"""Characters of a mail's subject: more is not shown by any program, and stands in the log."""

LONGEST_TEXT: Final = 300
"""Characters to search for: a DID as there are any, and more than a handle or an email address can have."""

_TAG: Final = re.compile(r"<(?:br|/p|/div|/h\d|/li)\s*/?>", re.IGNORECASE)
_MARKUP: Final = re.compile(r"<(?:style|script)\b.*?</(?:style|script)\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)


class Profile(msgspec.Struct, frozen=True):
    """An account as its operator sees it: with the code that admitted it, and those given out in its name."""

    account: Account
    invited_by: Told | None
    invites: Sequence[Told]


class Admin:
    """Looks after accounts on the operator's behalf."""

    def __init__(self, db: Database, mailer: Mailer) -> None:
        self._db = db
        self._mailer = mailer

    async def account(self, who: AtIdentifier) -> Account:
        """Return the account, whatever its state. Raises UnknownAccount."""
        return await self._db.read(lambda tx: known(tx, who))

    async def profile(self, did: Did) -> Profile:
        """Describe an account. Raises SubjectNotFound."""
        found = await self.profiles([did])
        if not found:
            raise SubjectNotFound(f"Account not found: {did}")
        return found[0]

    async def profiles(self, dids: Sequence[Did]) -> list[Profile]:
        """Describe those accounts of `dids` that are here, each once, in that order."""
        wanted = list(dict.fromkeys(dids))
        found: list[Profile] = []
        for start in range(0, len(wanted), TOGETHER):
            some = wanted[start : start + TOGETHER]
            found += await self._db.read(partial(_profiles, dids=some))
        return found

    async def search(self, text: str, *, after: int = 0, limit: int) -> list[Account]:
        """Return the first `limit` accounts above the id `after`, oldest first, that have `text` in their email address
        or handle, or have it as their DID. Raises InvalidRequest.
        """
        if len(text) > LONGEST_TEXT:
            raise InvalidRequest(f"at most {LONGEST_TEXT} characters can be searched for")
        last = await self._db.read(accounts.last_id)
        found: list[Account] = []
        for start in range(after, last, STEP):
            step = partial(
                accounts.matching, text=text.strip(), after=start, through=start + STEP, limit=limit - len(found)
            )
            found += await self._db.read(step)
            if len(found) == limit:
                break
        return found

    async def set_email(self, who: AtIdentifier, email: str, *, action: Action) -> None:
        """Give an account another email address, which then is unconfirmed; tokens mailed to the old one are void.

        Raises UnknownAccount, InvalidRequest, EmailNotAvailable.
        """
        action.about(who)
        address = parse_email(email)

        def change(tx: Tx) -> None:
            account = known(tx, who)
            action.about(account.did, did=account.did)
            if address != account.email and accounts.email_taken(tx, address):
                raise EmailNotAvailable("This email address is already in use, please use a different email.")
            accounts.set_email(tx, account.id, address)
            mail_tokens.delete_of(tx, account.id)
            action.note(tx, email=address, was=account.email)

        await self._db.write(change)

    async def set_invites_disabled(self, did: Did, *, disabled: bool, reason: str | None, action: Action) -> None:
        """Have an account be given no more invite codes, or be given them again. Raises UnknownAccount."""
        action.about(did, did=did)

        def change(tx: Tx) -> None:
            account = known(tx, did)
            accounts.set_invites_disabled(tx, account.id, int(disabled))
            action.note(tx, invitesDisabled=disabled, was=account.invites_disabled, note=reason)

        await self._db.write(change)

    async def send_email(
        self, to: Did, content: str, *, subject: str | None, sender: Did, comment: str | None, action: Action
    ) -> None:
        """Mail HTML to an account's owner. Raises UnknownAccount, InvalidRequest, UpstreamFailure."""
        action.about(to, did=to)
        title = SUBJECT if subject is None else subject.strip()
        if not title.isprintable() or len(title) > LONGEST_SUBJECT:
            raise InvalidRequest(f"A mail's subject is one line of at most {LONGEST_SUBJECT} characters")

        def begin(tx: Tx) -> str:
            account = known(tx, to)
            if account.email is None:
                raise InvalidRequest("account does not have an email address")
            action.note(tx, outcome=BEGUN, subject=title, sender=sender, comment=comment)
            return account.email

        address = await self._db.write(begin)
        try:
            await self._mailer.send(Mail(address, title, plain_text(content), content))
        except NetError as error:
            log.warning("the operator's mail was not sent", did=to, error=str(error))
            raise UpstreamFailure("The mail could not be sent") from error


def known(tx: Tx, who: AtIdentifier) -> Account:
    """Return the account with that DID or handle. Raises UnknownAccount."""
    account = hosting.find(tx, who)
    if account is None:
        raise UnknownAccount(f"Account not found: {who}")
    return account


def plain_text(markup: str) -> str:
    """Return what HTML says, for those who read mail as text."""
    words = html.unescape(_MARKUP.sub("", _TAG.sub("\n", markup)))
    return "\n".join(line.strip() for line in words.splitlines()).strip() + "\n"


def _profiles(tx: Tx, dids: Sequence[Did]) -> list[Profile]:
    found = [account for did in dids if (account := accounts.by_did(tx, did)) is not None]
    return [Profile(account, *told_of(tx, account.did)) for account in found]
