"""Log messages: their format, which the command line sets once, and how to read them back from a log file."""

from __future__ import annotations

import logging
import re

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
_PREFIX = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ [\w.]+: ")


def configure_logging(verbose: bool) -> None:
    """Write log messages with time, level and module to standard error; debug messages only if ``verbose``."""
    logging.basicConfig(format=_FORMAT, datefmt=_TIME_FORMAT)
    logging.getLogger("xstilts").setLevel(logging.DEBUG if verbose else logging.INFO)


def without_prefix(line: str) -> str:
    """Return a line of a log file without time, level and module."""
    return _PREFIX.sub("", line)
