"""A survey for people: in colour on a terminal, plain text elsewhere."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from shlex import quote

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xstilts.graph.runs import INTERMEDIATE, evaluation_of
from xstilts.runtime.liveness import time_since_update
from xstilts.status.state import STATES, JobState, State
from xstilts.status.survey import Survey
from xstilts.wording import counted, duration

_STYLES: dict[State, str] = {
    "done": "green", "running": "cyan", "waiting": "dim", "outdated": "yellow", "stopped": "yellow",
    "lost": "red", "failed": "red", "diverged": "red",
}  # fmt: skip
_LISTED = 20  # of jobs in one state; --json lists all


def show(found: Survey) -> None:
    """Print a survey."""
    console = Console(width=None if sys.stdout.isatty() else 250, highlight=False)
    with console.capture() as captured:
        _print(found, console)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _print(found: Survey, console: Console) -> None:
    study = found.runs.study
    console.print(Text(f"{study.study}: {_counts(Counter(each.state for each in found.states))}"))
    console.print(Text(_remaining(found)))
    for model in study.models:
        console.print()
        console.print(_matrix(found, model, plain=not console.is_terminal))
    console.print(Text(_legend(found)))
    _list(console, "Running", [_running(each, needs, found) for each, needs in found.left().items()])
    for state in ("failed", "diverged", "lost", "stopped"):
        _list(console, state.capitalize(), [_ended(each) for each in found.of(state)])
    _list(console, "Stale checkpoints", _stale(found))
    for sentence in (found.queue.unawaited, found.queue.trouble):
        if sentence:
            console.print()
            console.print(Text(sentence))


def _counts(states: Counter[State]) -> str:
    """'7 jobs: 4 done, 2 running, 1 waiting'."""
    shares = [f"{states[state]:,} {state}" for state in STATES if states[state]]
    return f"{counted(states.total(), 'job')}: {', '.join(shares)}"


def _remaining(found: Survey) -> str:
    """A sentence about the time that is left."""
    rest = found.estimate
    if rest.work == 0 and not (rest.unknown or rest.at_a_time):
        return "Nothing is left to do."
    unknown = f"unknown for {counted(rest.unknown, 'job')}, as none of their kinds is done" if rest.unknown else ""
    if rest.work is None:
        return f"Time left: {unknown}."
    more = f"; {unknown}" if unknown else ""
    if rest.seconds is None:
        return f"Work left: about {duration(rest.work)}{more}. Nothing is running."
    return f"Time left: about {duration(rest.seconds)} with {rest.at_a_time} at a time{more}."


def _matrix(found: Survey, model: str, plain: bool) -> Table:
    """Arms x targets: how many seeds are done, and what the others are."""
    study, cells = found.runs.study, found.by_cell()
    pretraining = cells.get((model, "", ""))
    title = f"{model} (pretraining: {next(iter(pretraining))})" if pretraining else model
    table = Table(title=title, title_justify="left", title_style="bold", box=None if plain else box.SIMPLE)
    table.add_column("arm")
    table.add_column("its training")
    for target in study.targets:
        table.add_column(study.title_of(target))
    for arm, chosen in study.arms.items():
        own = _cell(cells[model, arm, INTERMEDIATE]) if chosen.trains else Text("–", style="dim")
        table.add_row(arm, own, *(_cell(cells[model, arm, evaluation_of(study, target)]) for target in study.targets))
    return table


def _cell(states: Counter[State]) -> Text:
    """'2/3 1R': two of three seeds are done, one is running."""
    cell = Text(f"{states['done']}/{states.total()}", style=_style(states))
    for state in _shown(states):
        cell.append(f" {states[state]}{state[0].upper()}", style=_STYLES[state])
    return cell


def _shown(states: Counter[State]) -> list[State]:
    """The states that cells have a letter for."""
    return [state for state in STATES if states[state] and state not in ("done", "waiting")]


def _style(states: Counter[State]) -> str:
    return _STYLES["done"] if states["done"] == states.total() else "" if states["done"] else _STYLES["waiting"]


def _legend(found: Survey) -> str:
    """What the numbers and letters of the cells mean."""
    states = Counter(each.state for each in found.states)
    letters = [f"{state[0].upper()} {state}" for state in _shown(states)]
    return f"Seeds done / all{'; ' * bool(letters)}{', '.join(letters)}{'; others wait' * bool(states['waiting'])}."


def _running(found: JobState, needs: float | None, survey: Survey) -> str:
    """How far a job has come, where it runs, and for how long still."""
    attempt = found.attempt
    assert attempt is not None
    far = attempt.stage or "started"
    if found.progress is not None:
        far += f", step {attempt.step:,} of {attempt.total:,} ({found.progress:.0%})"
    gpu = f", GPU {attempt.devices}" if attempt.devices not in ("", "-1") else ""
    slurm = f", SLURM job {attempt.slurm_job}" if attempt.slurm_job else ""
    then = f"; about {duration(needs)} left" if needs is not None else ""
    silence = round(time_since_update(attempt, survey.at).total_seconds())
    where = f"{attempt.host}{gpu}{slurm}, alive {duration(silence)} ago"
    return f"{found.job}: {far}{then} [{where}]{' ' * bool(found.reason)}{found.reason}"


def _ended(found: JobState) -> str:
    return f"{found.job}: {found.reason}" if found.reason else str(found.job)


def _stale(found: Survey) -> list[str]:
    """What can be deleted, and how."""
    if not found.checkpoints:
        return []
    total = size(sum(each.bytes for each in found.checkpoints))
    advice = f"{total} that no job will resume from; delete them, unless you want to go back to an earlier config."
    return [advice, *(f"rm -r {quote(str(each.path))}  # {size(each.bytes)}, {each.why}" for each in found.checkpoints)]


def _list(console: Console, title: str, lines: Sequence[str]) -> None:
    """A title and lines, none of them cut off; the first of many."""
    if not lines:
        return
    console.print()
    console.print(Text(title, style="bold"))
    for line in lines[:_LISTED]:
        console.print(Text(f"  {line}"), soft_wrap=True)
    if len(lines) > _LISTED:
        console.print(Text(f"  … and {len(lines) - _LISTED:,} more; --json lists all"))


def size(count: int) -> str:
    """Bytes as '512 B', '1.5 MB', '2.0 GB'."""
    for limit, unit, word in ((10**3, 1, "B"), (10**6, 10**3, "kB"), (10**9, 10**6, "MB")):
        if count < limit:
            return f"{count} B" if unit == 1 else f"{count / unit:.1f} {word}"
    return f"{count / 10**9:.1f} GB"
