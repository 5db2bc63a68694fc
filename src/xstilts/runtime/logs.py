"""Log messages: their format, which the command line sets once, and how to read them back from a log file."""

from __future__ import annotations

import logging
import re

from xstilts.secrets import redacted

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
_PREFIX = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ [\w.]+: ")


class _Redacting(logging.Formatter):
    """Messages of libraries may hold addresses with passwords."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def configure_logging(verbose: bool) -> None:
    """Write log messages with time, level and module to standard error; debug messages only if ``verbose``."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Redacting(_FORMAT, _TIME_FORMAT))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("xstilts").setLevel(logging.DEBUG if verbose else logging.INFO)


def without_prefix(line: str) -> str:
    """Return a line of a log file without time, level and module."""
    return _PREFIX.sub("", line)
