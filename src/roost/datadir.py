"""What a server keeps in its data directory beside the database: two secrets in files, and the operator's own lexicons.

Everything else is in the database, sealed under the master key; so a copy of the database alone gives no key away.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_bytes, token_urlsafe
from tempfile import mkstemp

import orjson

from roost.config import ConfigError

MASTER_KEY = "master.key"
ADMIN_PASSWORD = "admin-password"  # noqa: S105 - the name of its file
DATABASE = "roost.sqlite"
"""The database, unless the settings name another."""

MASTER_KEY_BYTES = 32


def make(directory: Path) -> None:
    """Make the directory, readable by its owner alone, if it is not there. Raises ConfigError."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"Cannot use {directory} as the data directory: {error.strerror}") from error


def master_key(directory: Path) -> bytes:
    """Return the key that all others are sealed under, made at the first start. Raises ConfigError."""
    path = directory / MASTER_KEY
    if not path.exists() and (directory / DATABASE).exists():
        raise ConfigError(f"{path} is missing, and {directory / DATABASE} is sealed under it: restore it from a backup")
    text = _kept(path, lambda: token_bytes(MASTER_KEY_BYTES).hex())
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise ConfigError(f"{path} does not hold {MASTER_KEY_BYTES} bytes in hexadecimal: restore it from a backup")
    return key


def admin_password(directory: Path) -> str:
    """Return the administrator's password that was made at the first start. Raises ConfigError."""
    path = directory / ADMIN_PASSWORD
    password = _kept(path, lambda: token_urlsafe(18))
    if not password:
        raise ConfigError(f"{path} is empty: write a password into it, or delete it to have one made")
    return password


def _kept(path: Path, make: Callable[[], str]) -> str:
    """Return the file's text; the first to ask writes it, whole and readable by its owner alone, or not at all.

    Raises ConfigError.
    """
    if not path.exists():
        # Not named by the process id: in a container that is always 1, and what a crash left would be in the way.
        descriptor, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)
        fresh = Path(name)
        with os.fdopen(descriptor, "w") as file:
            file.write(make() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link, unlike a rename, never replaces what another process has put there meanwhile.
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        _sync(path.parent)
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: restore it from a backup ({error})") from error


def _sync(directory: Path) -> None:
    """Make the names in a directory durable: sealed keys without their master key would be lost for good."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lexicons(directory: Path) -> Iterator[tuple[Path, object]]:
    """Yield the files of the operator's own lexicon documents, `lexicons/**.json`, and the JSON that is in each.

    Raises ConfigError.
    """
    for path in sorted((directory / "lexicons").rglob("*.json")):
        try:
            yield path, orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise ConfigError(f"{path} cannot be read as a lexicon document: {error}") from error
