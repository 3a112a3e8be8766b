"""What the process writes about itself: one shape for our own log lines and for those of the libraries.

On a terminal they are for a person; anywhere else each is one line of JSON, for whatever collects them. They go to
standard error, so that what a command answers stays alone on standard output. Deliberately does not know what it is.
"""

import logging
import sys
from typing import Final, TextIO

import orjson
import structlog
from structlog.typing import Processor

_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
"""What is done to every line, whoever wrote it."""


def configure(level: int, *, out: TextIO | None = None) -> None:
    """Have what we log at `level` and above written, and what libraries warn of; to standard error by default."""
    stream = sys.stderr if out is None else out
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_for_people() if stream.isatty() else _for_machines()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("roost").setLevel(level)


def _for_people() -> tuple[Processor, ...]:
    # The library's own choice shows the variables of every frame: tokens, passwords, keys.
    return (structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),)


def _for_machines() -> tuple[Processor, ...]:
    return (structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_json))


def _json(line: object, **_options: object) -> str:
    # A value that JSON does not have, and a key that is no text, must not cost the line.
    return orjson.dumps(line, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
