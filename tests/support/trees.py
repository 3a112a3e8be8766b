"""Trees for tests: the published keys and roots, and a tree grown key by key."""

from collections.abc import Iterable

from hypothesis import strategies as st

from roost.data.cid import Cid
from roost.repo import mst
from roost.repo.mst import Link

LEAF = Cid.parse("bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454")
OTHER = Cid.of_cbor(b"\xa0")

ROOTS = [
    ("", "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"),
    ("3jqfcqzm3fo2j", "bafyreibj4lsc3aqnrvphp5xmrnfoorvru4wynt6lwidqbm2623a6tatzdu"),
    ("3jqfcqzm3fx2j", "bafyreih7wfei65pxzhauoibu3ls7jgmkju4bspy4t2ha2qdjnzqvoy33ai"),
    ("3fp 3fr 3fs 3ft 4fc", "bafyreicmahysq4n6wfuxo522m6dpiy7z7qzym3dzs756t5n7nfdgccwq7m"),
    ("3fn 3fo 3fp 3fs 3ft 3fu", "bafyreifnqrwbk6ffmyaz5qtujqrzf5qmxf7cbxvgzktl4e3gabuxbtatv4"),
    ("3fn 3fo 3fp 3ft 3fu", "bafyreie4kjuxbwkhzg2i5dljaswcroeih4dgiqq6pazcmunwt2byd725vi"),
    ("3fo 3fp 3fr 3fs 3ft 3fz 4fc 4fd 4ff 4fg 4fh", "bafyreiettyludka6fpgp33stwxfuwhkzlur6chs4d2v4nkmq2j3ogpdjem"),
    ("3fo 3fp 3fr 3fs 3ft 3fx 3fz 4fc 4fd 4ff 4fg 4fh", "bafyreid2x5eqs4w4qxvc5jiwda4cien3gw2q6cshofxwnvv7iucrmfohpm"),
    ("3ft 3fz", "bafyreidfcktqnfmykz2ps3dbul35pepleq7kvv526g47xahuz3rqtptmky"),
    ("3ft 3fz 3fx", "bafyreiavxaxdz7o7rbvr3zg2liox2yww46t7g6hkehx4i4h3lwudly7dhy"),
    ("3ft 3fz 3fx 4fd", "bafyreig4jv3vuajbsybhyvb7gggvpwh2zszwfyttjrj6qwvcsp24h6popu"),
]

KEYS = st.integers(0, 60).map(lambda n: f"com.example.record/{n:04d}".encode())


def key(short: str) -> bytes:
    """Spell out a record key of the vectors."""
    rkey = short if len(short) == 13 else f"3jqfcqzm{short}2j"
    return f"com.example.record/{rkey}".encode()


def grown(keys: Iterable[bytes]) -> Link:
    """Return the hashed tree that holds `keys`, inserted one after another."""
    root = Link(None, 0, mst.EMPTY)
    for each in keys:
        root = mst.insert(root, each, LEAF)
    return mst.finish(root, [], 1).root
