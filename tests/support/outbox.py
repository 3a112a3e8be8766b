"""A mailer that tests can look into, and put out of order."""

import re

from roost.net.errors import MailNotSent
from roost.net.mail import Mail


class Outbox:
    """Keeps what it is given, or is out of order."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.broken = False

    async def send(self, mail: Mail) -> None:
        """Keep a mail."""
        if self.broken:
            raise MailNotSent("no route to the mail server")
        self.mails.append(mail)

    def token(self) -> str:
        """Return the token in the last mail."""
        return token_in(self.mails[-1].text)


def token_in(text: str) -> str:
    """Return the token that a mail carries."""
    found = re.search(r"enter this code: ([A-Z2-7]{5}-[A-Z2-7]{5})", text)
    assert found is not None, text
    return found[1]
