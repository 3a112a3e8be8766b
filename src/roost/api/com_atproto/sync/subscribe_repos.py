"""com.atproto.sync.subscribeRepos: everything that happens to the accounts here, as it happens."""

import msgspec

from roost.api.method import Subscription
from roost.services.firehose import Firehose, Sink


class Params(msgspec.Struct, frozen=True):
    """The number of the last event that was seen; without it, only what is to come."""

    cursor: int | None = None


async def subscribe_repos(firehose: Firehose, params: Params, sink: Sink) -> None:
    """Send every event after the cursor. Raises FutureCursor, ConsumerTooSlow, TooManyRequests."""
    await firehose.follow(sink, after=params.cursor)


METHOD = Subscription("com.atproto.sync.subscribeRepos", subscribe_repos)
