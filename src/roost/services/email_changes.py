"""An account's email address: showing that it is the owner's, and changing it (8.7).

A change asks for a token that is mailed to the address so far, once that was shown to be the owner's. The new address
then has to be confirmed in its turn.
"""

from roost.services.clock import Minter
from roost.services.emails import parse_email
from roost.services.errors import EmailNotAvailable, InvalidEmail, TokenRequired, UnknownAccount
from roost.services.mail_tokens import MailTokens, Purpose
from roost.storage import accounts
from roost.storage.accounts import Account
from roost.storage.db import Database, Tx


class EmailChanges:
    """Confirms and changes email addresses."""

    def __init__(self, db: Database, mail_tokens: MailTokens, minter: Minter) -> None:
        self._db = db
        self._mail_tokens = mail_tokens
        self._minter = minter

    async def request_confirmation(self, account: int) -> None:
        """Mail the account a token that confirms its address. Raises what `MailTokens.mail` does."""
        await self._mail_tokens.mail(account, Purpose.CONFIRM_EMAIL)

    async def confirm(self, account: int, email: str, token: str) -> None:
        """Note that `email` is the owner's. Raises UnknownAccount, InvalidEmail, InvalidToken, ExpiredToken."""

        def confirm(tx: Tx) -> None:
            owner = _known(tx, account)
            if owner.email is None or email.strip().lower() != owner.email:
                raise InvalidEmail("invalid email")
            self._mail_tokens.use(tx, account, Purpose.CONFIRM_EMAIL, token)
            accounts.confirm_email(tx, account, self._minter.milliseconds())

        await self._db.write(confirm)

    async def request_update(self, account: int) -> bool:
        """Return whether a change needs a token; if so, it is mailed to the address so far.

        Raises UnknownAccount, and what `MailTokens.mail` does.
        """
        owner = await self._db.read(lambda tx: _known(tx, account))
        if owner.email is None or owner.email_confirmed_at is None:
            return False
        await self._mail_tokens.mail(account, Purpose.UPDATE_EMAIL)
        return True

    async def update(self, account: int, email: str, token: str | None) -> None:
        """Give the account another address, which is unconfirmed, and void the tokens that were mailed to the old one.

        Raises InvalidRequest, UnknownAccount, TokenRequired, InvalidToken, ExpiredToken, EmailNotAvailable, in this
        order.
        """
        address = parse_email(email)

        def update(tx: Tx) -> None:
            owner = _known(tx, account)
            if token is not None:
                self._mail_tokens.use(tx, account, Purpose.UPDATE_EMAIL, token)
            elif owner.email_confirmed_at is not None:
                raise TokenRequired("confirmation token required")
            if address != owner.email and accounts.email_taken(tx, address):
                raise EmailNotAvailable("This email address is already in use, please use a different email.")
            accounts.set_email(tx, account, address)
            self._mail_tokens.drop(tx, account)

        await self._db.write(update)


def _known(tx: Tx, account: int) -> Account:
    owner = accounts.by_id(tx, account)
    if owner is None:
        raise UnknownAccount("user not found")
    return owner
