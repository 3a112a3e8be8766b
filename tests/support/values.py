"""Values of the data model for property tests, and bytes that have gone wrong.

Deliberately does not know any record type.
"""

from hypothesis import strategies as st

from roost.data.cid import Cid
from roost.data.value import MAX_INT, Value

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
CIDS = st.builds(lambda block, raw: (Cid.of_raw if raw else Cid.of_cbor)(block), st.binary(max_size=4), st.booleans())
INTEGERS = st.integers(-MAX_INT, MAX_INT)
_LEAVES = st.none() | st.booleans() | INTEGERS | TEXT | CIDS


def _values(leaves: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    def extend(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
        return st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5)

    return st.recursive(leaves, extend, max_leaves=20)


WITHOUT_BYTES: st.SearchStrategy[Value] = _values(_LEAVES)
VALUES: st.SearchStrategy[Value] = _values(_LEAVES | st.binary(max_size=40) | CIDS.map(bytes))


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes in which some were changed, cut off or put in."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 3)))
        data[at:end] = draw(st.binary(max_size=9))
    return bytes(data)
