"""What can be wrong with data, by name.

    DataError
    ├── InvalidCid                not a CID of the kind this protocol uses
    ├── InvalidCbor               not strict DAG-CBOR
    ├── InvalidValue              a value outside the data model
    └── InvalidCar                not a CAR v1 file
        ├── TruncatedCar          it ends in the middle of a header, a length or a block
        ├── OversizedCar          more blocks, or more bytes, than the reader allows
        └── BlockHashMismatch     a block is not the one its CID names

Each is a ValueError. Deliberately does not know who sent the data, or what answer it deserves.
"""


class DataError(ValueError):
    """Bytes, text or a value that the data model does not allow."""


class InvalidCid(DataError):
    """Not a CID of the kind this protocol uses."""


class InvalidCbor(DataError):
    """Not strict DAG-CBOR."""


class InvalidValue(DataError):
    """A value outside the data model; the message ends with where in the value it stands."""


class InvalidCar(DataError):
    """Not a CAR v1 file."""


class TruncatedCar(InvalidCar):
    """The file ends in the middle of a header, a length or a block."""


class OversizedCar(InvalidCar):
    """The file has more blocks, or more bytes, than the reader allows."""


class BlockHashMismatch(InvalidCar):
    """A block is not the one that its CID names."""
