"""Email addresses, as far as a server that only mails to them has to understand them."""

import re
from typing import Final

from roost.services.errors import InvalidRequest

MAX_CHARS: Final = 254
"""The longest address that a mail path can carry (RFC 5321, 4.5.3.1.3)."""

# One @, something before it, a domain with a dot behind it, and nothing that could break out of a header. Whether mail
# arrives there only a mail can tell.
_ADDRESS: Final = re.compile(
    r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]+@[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f.]+(\.[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f.]+)+"
)


def parse_email(raw: str) -> str:
    """Return the address in lower case, as it is compared. Raises InvalidRequest."""
    address = raw.strip()
    if len(address) > MAX_CHARS or not address.isascii() or not _ADDRESS.fullmatch(address):
        raise InvalidRequest("This email address is not supported, please use a different email.")
    return address.lower()
