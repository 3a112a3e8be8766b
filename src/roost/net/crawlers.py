"""Client of a relay: asking it to subscribe to this server, and what it knows of it.

Knows nothing of when to ask.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from roost.net.client import Answer, Client
from roost.net.errors import BadAnswer, CrawlRefused

# A refusal's text is shown to the operator, and kept.
_MAX_TEXT = 300


@dataclass(frozen=True, slots=True)
class HostStatus:
    """What a relay says of a server: its last event there, how many accounts, and whether it still reads from it."""

    seq: int | None
    accounts: int | None
    status: str | None


class Crawler:
    """The relay at one URL."""

    def __init__(self, client: Client, url: str, *, timeout: float = 10.0) -> None:
        self._client = client
        self.url = url
        self._timeout = timeout

    async def request_crawl(self, hostname: str) -> None:
        """Ask it to subscribe to a server, if it does not (com.atproto.sync.requestCrawl). Raises a NetError."""
        answer = await self._client.fetch(
            "POST",
            f"{self.url}/xrpc/com.atproto.sync.requestCrawl",
            headers={"content-type": "application/json"},
            content=orjson.dumps({"hostname": hostname}),
            timeout=self._timeout,
        )
        if answer.status != 200:
            raise CrawlRefused(_refusal(answer))

    async def host_status(self, hostname: str) -> HostStatus | None:
        """Return what it knows of a server, None if it does not know it (com.atproto.sync.getHostStatus).

        Raises a NetError.
        """
        url = f"{self.url}/xrpc/com.atproto.sync.getHostStatus?hostname={hostname}"
        answer = await self._client.fetch("GET", url, timeout=self._timeout)
        if answer.status != 200:
            if _object(answer).get("error") == "HostNotFound":
                return None
            raise CrawlRefused(_refusal(answer))
        told = _object(answer)
        status = told.get("status")
        return HostStatus(
            _number(told.get("seq")), _number(told.get("accountCount")), status if isinstance(status, str) else None
        )


def _object(answer: Answer) -> dict[str, object]:
    try:
        value = answer.json()
    except BadAnswer:
        return {}
    return value if isinstance(value, dict) else {}


def _refusal(answer: Answer) -> str:
    told = _object(answer)
    text = f"answered {answer.status} {told.get('error', '')} {told.get('message', '')}"
    return "".join(each for each in text if each.isprintable())[:_MAX_TEXT].strip()


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
