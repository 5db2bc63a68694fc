"""All commands, and how one is run.

Commands import what they need when they run, so that validating a config does not wait for torch.
"""

from __future__ import annotations

import os
import sys
import traceback

from xstilts.cli import before, papers, people, rules, start
from xstilts.cli.app import app
from xstilts.cli.environment import enter_folder, fetches, prepare_environment
from xstilts.cli.terminal import write_what_the_terminal_can
from xstilts.errors import UserError
from xstilts.runtime.signals import TRY_AGAIN, Stopped
from xstilts.secrets import redacted

__all__ = ["app", "before", "papers", "people", "rules", "run", "start"]


def run() -> None:
    """Run a command; a user's mistake ends it with one message on standard error and exit code 1."""
    write_what_the_terminal_can()
    online = fetches(sys.argv[1:])
    prepare_environment(online)
    enter_folder()
    try:
        app()
    except UserError as error:
        sys.exit(redacted(f"xstilts: {error}"))
    except Stopped as stopped:
        print(f"xstilts: {stopped}. Run it again to go on.", file=sys.stderr)
        sys.exit(TRY_AGAIN)
    except SystemExit as done:
        if online and not done.code:
            # The datasets library's reader threads may crash the interpreter at exit.
            sys.stdout.flush()
            os._exit(0)
        raise
    except Exception:
        sys.exit(redacted(traceback.format_exc()))
