"""The CPU seconds of a job's phases, told by the job's own process; :mod:`jobs` starts it.

    python benchmarks/job_phases.py alone COMMAND...                the command in this process
    python benchmarks/job_phases.py serve LISTENER ADDRESS OWNER    a fork server

A phase is what chosen functions do, without what functions of other phases do inside of them. The times of a command
are written to the file that $XSTILTS_PHASES names.
"""

from __future__ import annotations

import builtins
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

IMPORTS, READING, ENCODER = "imports", "reading and checking", "encoder and optimiser"
TRAINING, EVALUATION, WRITING = "training", "evaluation", "writing"

#: By phase, the functions that are it, as the module that calls them names them. All else is reading and checking.
FUNCTIONS = {
    ENCODER: (
        "xstilts.jobs.training:load_encoder",
        "xstilts.training.state:TrainingState.fresh",
        "xstilts.training.device:Device.prepare",
        "xstilts.training.device:Device.place",
    ),
    TRAINING: ("xstilts.jobs.supervised:train",),
    EVALUATION: (
        "xstilts.training.loop:_evaluate",
        "xstilts.jobs.supervised:predict",
        "xstilts.jobs.training:_score",
    ),
    WRITING: ("xstilts.jobs.results:JobOutputs.write", "xstilts.jobs.training:write_record"),
}


class Phases:
    """CPU seconds by phase; the phase that was entered last is the one that time counts for."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin to count, in a process that has just been started."""
        self.seconds = dict.fromkeys((IMPORTS, READING, *FUNCTIONS), 0.0)
        self._entered, self._since = [READING], 0.0

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the time of the block for a phase."""
        self._count()
        self._entered.append(name)
        try:
            yield
        finally:
            self._count()
            self._entered.pop()

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function whose time counts for a phase."""

        def within(*arguments: Any, **named: Any) -> Any:
            with self.phase(name):
                return function(*arguments, **named)

        return within

    def write(self) -> None:
        """Write the seconds so far."""
        self._count()
        Path(os.environ["XSTILTS_PHASES"]).write_text(json.dumps(self.seconds), encoding="utf-8")

    def _count(self) -> None:
        now = time.process_time()
        self.seconds[self._entered[-1]] += now - self._since
        self._since = now


def instrument(phases: Phases) -> None:
    """Have this process count its phases, and write them when its command ends."""
    from xstilts.cli import commands

    for name, functions in FUNCTIONS.items():
        for function in functions:
            module, _, path = function.partition(":")
            *owners, last = path.split(".")
            owner: Any = importlib.import_module(module)
            for part in owners:
                owner = getattr(owner, part)
            found = owner.__dict__[last]
            timed = phases.timed(name, getattr(found, "__func__", found))
            setattr(owner, last, classmethod(timed) if isinstance(found, classmethod) else timed)
    run = commands.run

    def told() -> None:
        try:
            run()
        finally:
            phases.write()

    commands.run = told


def count_imports(phases: Phases) -> None:
    """Have this process count the time of its imports, also of those inside of functions."""
    builtins.__import__ = phases.timed(IMPORTS, builtins.__import__)
    importlib.import_module = phases.timed(IMPORTS, importlib.import_module)


def alone(arguments: list[str]) -> None:
    """Run a command in this process."""
    phases = Phases()
    count_imports(phases)
    instrument(phases)
    sys.argv = ["xstilts", *arguments]
    from xstilts.cli import commands

    commands.run()


def serve(listener: str, address: str, owner: str) -> None:
    """Run the package's server, with jobs that count; the arguments are those of its ``main``."""
    from xstilts.cli.forkserver import server
    from xstilts.cli.forkserver.key import sources

    phases, import_all = Phases(), server.import_all

    def import_and_instrument() -> None:
        import_all()
        _make_inputs()
        instrument(phases)
        count_imports(phases)
        os.register_at_fork(after_in_child=phases.begin)
        print("ready", flush=True)

    server.import_all = import_and_instrument
    server.main(listener, address, owner, sources())


def _make_inputs() -> None:
    """Make encoder, data and study in the working directory: in a child, since that starts threads."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        from job_inputs import make

        make(Path(), int(os.environ["XSTILTS_STEPS"]))
    finally:
        os._exit(0)


if __name__ == "__main__":
    {"alone": lambda *arguments: alone([*arguments]), "serve": serve}[sys.argv[1]](*sys.argv[2:])
