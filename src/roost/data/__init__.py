"""The data model and its encodings: values, CIDs, DAG-CBOR, the JSON form, CAR files (spec section 6.1).

Deliberately does not know identifiers, lexicons, repositories, or where any bytes are kept.
"""

from roost.data.cid import Cid, is_cid_text
from roost.data.errors import (
    BlockHashMismatch,
    DataError,
    InvalidCar,
    InvalidCbor,
    InvalidCid,
    InvalidValue,
    OversizedCar,
    TruncatedCar,
)
from roost.data.value import Value, check

__all__ = [
    "BlockHashMismatch",
    "Cid",
    "DataError",
    "InvalidCar",
    "InvalidCbor",
    "InvalidCid",
    "InvalidValue",
    "OversizedCar",
    "TruncatedCar",
    "Value",
    "check",
    "is_cid_text",
]
