"""com.atproto.temp.checkSignupQueue: whether the account may be used yet. Here nobody queues."""

import msgspec

from roost.api.method import Auth, Query


class Output(msgspec.Struct, frozen=True):
    """It may."""

    activated: bool


async def check_signup_queue() -> Output:
    """Answer the same to everybody."""
    return Output(activated=True)


METHOD = Query("com.atproto.temp.checkSignupQueue", check_signup_queue, auth=Auth.ACCESS)
