"""A survey for people: in colour on a terminal, plain text elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from shlex import quote

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xstilts.graph.jobs import INTERMEDIATE
from xstilts.graph.runs import evaluation_of
from xstilts.runtime.liveness import time_since_update
from xstilts.status.state import STATES, JobStatus, State
from xstilts.status.survey import Survey
from xstilts.wording import counted, duration

_STYLES: dict[State, str] = {
    "done": "green", "running": "cyan", "queued": "blue", "waiting": "dim", "outdated": "yellow", "stopped": "yellow",
    "lost": "red", "failed": "red", "diverged": "red",
}  # fmt: skip
_CLEAR = "\033[H\033[2J"  # cursor to the top, screen empty
_MAX_LISTED = 20  # jobs in one state; --json lists all


def show(survey: Survey) -> None:
    """Print a survey."""
    console = Console(width=None if sys.stdout.isatty() else 250, highlight=False)
    with console.capture() as captured:
        _print(survey, console)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def watch(survey_now: Callable[[], Survey], seconds: float, pause: Callable[[float], None] = time.sleep) -> None:
    """Print a survey again and again, on a terminal in the same place, until all jobs are done or Ctrl-C is pressed.

    Args:
        survey_now: Surveys the study.
        seconds: Between two surveys.
        pause: Waits for that long.
    """
    try:
        while True:
            survey = survey_now()
            print(_CLEAR if sys.stdout.isatty() else "", end="")
            show(survey)
            if all(status.state == "done" for status in survey.statuses):
                return
            sys.stdout.flush()
            pause(seconds)
    except KeyboardInterrupt:
        return


def _print(survey: Survey, console: Console) -> None:
    study = survey.runs.study
    console.print(Text(f"{study.study}: {_counts(Counter(status.state for status in survey.statuses))}"))
    console.print(Text(_remaining(survey)))
    for model in study.models:
        console.print()
        console.print(_table(survey, model, plain=not console.is_terminal))
    console.print(Text(_legend(survey)))
    console.print(Text(_others(survey), style="dim"))
    running = [_running(status, left, survey) for status, left in survey.seconds_left().items()]
    _print_list(console, "Running", running)
    _print_list(console, "Others in SLURM", _others_in_slurm(survey))
    for state in ("failed", "diverged", "lost", "stopped"):
        _print_list(console, state.capitalize(), [_ended(status) for status in survey.of(state)])
    _print_list(console, "Stale checkpoints", _stale(survey))
    for sentence in (_in_storage(survey), survey.queue.unawaited, survey.queue.trouble):
        if sentence:
            console.print()
            console.print(Text(sentence))


def _counts(states: Counter[State]) -> str:
    """'7 jobs: 4 done, 2 running, 1 waiting'."""
    shares = [f"{states[state]:,} {state}" for state in STATES if states[state]]
    return f"{counted(states.total(), 'job')}: {', '.join(shares)}"


def _remaining(survey: Survey) -> str:
    """A sentence about the time that is left."""
    rest = survey.remaining
    if rest.work == 0 and not (rest.unknown or rest.at_a_time):
        return "Nothing is left to do."
    unknown = f"unknown for {counted(rest.unknown, 'job')}, as none of their kinds is done" if rest.unknown else ""
    if rest.work is None:
        return f"Time left: {unknown}."
    more = f"; {unknown}" if unknown else ""
    if rest.seconds is None:
        return f"Work left: about {duration(rest.work)}{more}. Nothing is running."
    return f"Time left: about {duration(rest.seconds)} with {rest.at_a_time} at a time{more}."


def _table(survey: Survey, model: str, plain: bool) -> Table:
    """Arms x targets: how many seeds are done, and the states of the others."""
    study, cells = survey.runs.study, survey.by_cell()
    pretraining = survey.pretraining(model)
    title = f"{model} (pretraining: {pretraining})" if pretraining else model
    table = Table(title=title, title_justify="left", title_style="bold", box=None if plain else box.SIMPLE)
    table.add_column("arm")
    table.add_column("its training")
    for target in study.targets:
        table.add_column(study.title_of(target))
    for name, arm in study.arms.items():
        own = _cell(cells[model, name, INTERMEDIATE]) if arm.trains else Text("–", style="dim")
        table.add_row(name, own, *(_cell(cells[model, name, evaluation_of(study, target)]) for target in study.targets))
    return table


def _cell(states: Counter[State]) -> Text:
    """'2/3 1R': two of three seeds are done, one is running."""
    cell = Text(f"{states['done']}/{states.total()}", style=_style(states))
    for state in _lettered(states):
        cell.append(f" {states[state]}{state[0].upper()}", style=_STYLES[state])
    return cell


def _lettered(states: Counter[State]) -> list[State]:
    """Return the states that cells show by a letter."""
    return [state for state in STATES if states[state] and state not in ("done", "waiting")]


def _style(states: Counter[State]) -> str:
    return _STYLES["done"] if states["done"] == states.total() else "" if states["done"] else _STYLES["waiting"]


def _legend(survey: Survey) -> str:
    """Explain the numbers and letters of the cells."""
    states = Counter(status.state for status in survey.statuses)
    letters = [f"{state[0].upper()} {state}" for state in _lettered(states)]
    return f"Seeds done / all{'; ' * bool(letters)}{', '.join(letters)}{'; others wait' * bool(states['waiting'])}."


def _others(survey: Survey) -> str:
    """'Other jobs: prepare 5/6, tokenizer 1/1, …': whose files are there."""
    return f"Other jobs: {', '.join(f'{each.rule} {each.there}/{each.all}' for each in survey.others)}."


def _others_in_slurm(survey: Survey) -> list[str]:
    """The jobs of SLURM that are in no cell: those of other rules, and groups."""
    trains = tuple(f"rule_{rule}_wildcards_" for rule in ("pretrain", "intermediate", "finetune", "retrieve"))
    return [
        f"{job.comment.removeprefix('rule_').replace('_wildcards_', ' ')}: {job.state} [SLURM job {job.id}]"
        for job in survey.queue.of_study()
        if not job.comment.startswith(trains)
    ]


def _running(status: JobStatus, seconds_left: float | None, survey: Survey) -> str:
    """Write how far a running job is, where it runs, and how long it still needs."""
    attempt = status.attempt
    assert attempt is not None
    stage = attempt.stage or "started"
    if status.progress is not None:
        stage += f", step {attempt.step:,} of {attempt.total:,} ({status.progress:.0%})"
    gpu = f", GPU {attempt.devices}" if attempt.devices not in ("", "-1") else ""
    slurm = f", SLURM job {attempt.slurm_job}" if attempt.slurm_job else ""
    left = f"; about {duration(seconds_left)} left" if seconds_left is not None else ""
    updated = f"alive {duration(round(time_since_update(attempt, survey.at).total_seconds()))} ago"
    place = f"{attempt.host}{gpu}{slurm}, {updated}"
    return f"{status.job}: {stage}{left} [{place}]{' ' * bool(status.reason)}{status.reason}"


def _ended(status: JobStatus) -> str:
    return f"{status.job}: {status.reason}" if status.reason else str(status.job)


def _stale(survey: Survey) -> list[str]:
    """List the checkpoints that can be deleted, with the commands that do."""
    if not survey.checkpoints:
        return []
    total = size(sum(checkpoint.bytes for checkpoint in survey.checkpoints))
    advice = f"{total} that no job will resume from; delete them, unless you want to go back to an earlier config."
    commands = [f"rm -r {quote(str(one.path))}  # {size(one.bytes)}, {one.why}" for one in survey.checkpoints]
    return [advice, *commands]


def _in_storage(survey: Survey) -> str:
    """A sentence about jobs that only look as if they waited; empty if there are none."""
    if not (survey.storage and survey.of("waiting")):
        return ""
    return (
        f"The study's files are in the storage {survey.storage}, which knows nothing of jobs that run now or have "
        "failed: they count as waiting."
    )


def _print_list(console: Console, title: str, lines: Sequence[str]) -> None:
    """Print a title and the first lines, unwrapped."""
    if not lines:
        return
    console.print()
    console.print(Text(title, style="bold"))
    for line in lines[:_MAX_LISTED]:
        console.print(Text(f"  {line}"), soft_wrap=True)
    if len(lines) > _MAX_LISTED:
        console.print(Text(f"  … and {len(lines) - _MAX_LISTED:,} more; --json lists all"))


def size(count: int) -> str:
    """Write bytes in the unit that fits: '512 B', '1.5 MB', '2.0 GB'."""
    for limit, unit, word in ((10**3, 1, "B"), (10**6, 10**3, "kB"), (10**9, 10**6, "MB")):
        if count < limit:
            return f"{count} B" if unit == 1 else f"{count / unit:.1f} {word}"
    return f"{count / 10**9:.1f} GB"
