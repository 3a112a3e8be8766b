"""Notifications that a service sends to an app: a client says in the body which service is to, and that is who is told
(spec section 1.7 registerPush).

It deliberately does not know where that service is.
"""

from typing import Final

import orjson

from roost.services.errors import InvalidRequest
from roost.syntax import Did, InvalidSyntax

PUSHES: Final = frozenset({"app.bsky.notification.registerPush", "app.bsky.notification.unregisterPush"})


def service_of(nsid: str, body: bytes) -> Did:
    """Return whom the body of such a call is for. Raises InvalidRequest."""
    try:
        value = orjson.loads(body)
        return Did.parse(value.get("serviceDid") if isinstance(value, dict) else None)
    except (orjson.JSONDecodeError, InvalidSyntax) as error:
        raise InvalidRequest(f"Invalid {nsid} input: serviceDid: {error}") from None
