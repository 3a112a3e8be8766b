"""Times as the services have them, in milliseconds since 1970, and as requests and answers write them."""

from datetime import UTC, datetime

from roost.services.errors import InvalidRequest
from roost.syntax import Datetime, InvalidSyntax, now_text


def moment(at: int) -> Datetime:
    """Return a time in milliseconds since 1970 as the protocol writes it."""
    return now_text(datetime.fromtimestamp(at / 1000, UTC))


def milliseconds(text: Datetime) -> int:
    """Return the time that a request names. Raises InvalidRequest for one before the year 1."""
    try:
        return round(text.instant().timestamp() * 1000)
    except InvalidSyntax as error:
        raise InvalidRequest(str(error)) from None
