"""The typed answer of a method into JSON.

Fields that are unset are left out, as the Structs say (`omit_defaults`): official clients take null for a broken
answer. It deliberately does not judge answers by their lexicons: that is a test's work, not each request's.
"""

from typing import Final

import msgspec

from roost.data.cid import Cid


def _text(value: object) -> str:
    """Write an identifier as its text: msgspec knows `str` and `bytes`, not their subclasses."""
    if isinstance(value, str | Cid):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} has no form in JSON")


encode: Final = msgspec.json.Encoder(enc_hook=_text).encode
