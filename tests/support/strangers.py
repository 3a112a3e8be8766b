"""DIDs of somebody else: registered in the test's directory, with keys and services as a test wants them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from secrets import token_hex

import httpx

from roost.crypto import service_jwt
from roost.crypto.keys import PrivateKey
from roost.identity import plc
from roost.syntax import Did
from support.server import Roost


@dataclass(slots=True)
class Stranger:
    """A DID, the key that signs for it, and the last operation in its log."""

    did: Did
    key: PrivateKey
    rotation: PrivateKey
    plc_url: str
    last: plc.Operation

    @classmethod
    def register(
        cls,
        roost: Roost,
        services: Mapping[str, plc.Service] | None = None,
        keys: Mapping[str, PrivateKey] | None = None,
    ) -> "Stranger":
        """Make one. `keys` are beside its signing key, by their fragment."""
        key, rotation = PrivateKey.generate(), PrivateKey.generate()
        methods = {"atproto": key} | dict(keys or {})
        state = plc.State(
            (rotation.public.did_key,),
            {id: each.public.did_key for id, each in methods.items()},
            (),
            dict(services or {}),
        )
        first = plc.genesis(state, rotation)
        stranger = cls(plc.did_of(first), key, rotation, roost.plc_url, first)
        stranger._submit(first)
        return stranger

    def take_key(self, key: PrivateKey) -> None:
        """Replace the signing key."""
        self.key = key
        changed = plc.update(self.last, self.last.state.with_signing_key(key.public.did_key), self.rotation)
        self._submit(changed)

    def move(self, services: Mapping[str, plc.Service]) -> None:
        """Replace the services."""
        self._submit(plc.update(self.last, replace(self.last.state, services=dict(services)), self.rotation))

    def rename(self, handle: str) -> None:
        """Have the document name another handle."""
        state = replace(self.last.state, also_known_as=(f"at://{handle}",))
        self._submit(plc.update(self.last, state, self.rotation))

    def end(self) -> None:
        """End the DID."""
        ended = plc.to_json(plc.tombstone(self.last, self.rotation))
        assert httpx.post(f"{self.plc_url}/{self.did}", json=ended).status_code == 200

    def claims(self, roost: Roost, lxm: str, **changes: object) -> dict[str, object]:
        """Return what its token for a method of the server says; changes to None leave a claim out."""
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": str(self.did),
            "aud": service_did(roost),
            "exp": now + 60,
            "iat": now,
            "lxm": lxm,
            "jti": token_hex(16),
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, roost: Roost, lxm: str, **changes: object) -> str:
        """Sign a token for a method of the server."""
        return service_jwt.encode(self.claims(roost, lxm, **changes), self.key)

    def _submit(self, operation: plc.Operation) -> None:
        answer = httpx.post(f"{self.plc_url}/{self.did}", json=plc.to_json(operation))
        assert answer.status_code == 200, answer.text
        self.last = operation


def service_did(roost: Roost) -> str:
    """Return the server's own DID."""
    return str(roost.get("com.atproto.server.describeServer").json()["did"])
