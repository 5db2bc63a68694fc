"""The command line: one command per rule of the workflow, and a few for people."""

from __future__ import annotations

import os
import sys

from xstilts.cli.environment import fetches
from xstilts.cli.forkserver import OWNER


def main() -> None:
    """Run a command: in a child of the server that shares imports, if there is to be one, else in this process."""
    if OWNER in os.environ and not fetches(sys.argv[1:]):
        from xstilts.cli.forkserver.client import run_by_server

        code = run_by_server()
        if code is not None:
            sys.exit(code)
    from xstilts.cli.commands import run

    run()
