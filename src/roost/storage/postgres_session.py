"""One PostgreSQL connection and what may be done with it: reading a snapshot, or staging and committing a batch.

A connection that was lost is made anew for the next transaction; the one it was lost in has failed. A session is used by
one thread at a time, not always the same. Deliberately does not know threads, the event loop, nor any table.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Final, NoReturn, TypeAlias

import psycopg
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.types.bool import BoolBinaryLoader
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper, NumericBinaryLoader

from roost.storage.db import Row, Value
from roost.storage.errors import ConstraintFailed, QueryFailed, ReadOnly, StorageError, TransactionClosed
from roost.storage.placeholders import to_psycopg

