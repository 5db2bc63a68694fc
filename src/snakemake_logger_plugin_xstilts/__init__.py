"""What ``snakemake --logger xstilts`` shows of a run: a line per finished job in words, and on a terminal a bar.

Everything else, errors and dry runs among it, is shown as Snakemake shows it.
"""

from __future__ import annotations

import sys
from logging import INFO, LogRecord
from typing import TextIO

from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter, get_event
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

#: What a line per finished job stands for.
_REPLACED = {
    LogEvent.WORKFLOW_STARTED,
    LogEvent.JOB_INFO,
    LogEvent.JOB_STARTED,
    LogEvent.JOB_FINISHED,
    LogEvent.PROGRESS,
    LogEvent.RUN_INFO,
    LogEvent.RESOURCES_INFO,
}

#: How messages begin that say nothing to a user.
_NOISE = (
    "Select jobs to execute",
    "Touching output file",
    "Building DAG",
    "Using shell",
    "Conda environments: ignored",
)


class LogHandler(LogHandlerBase):
    """Writes to standard error, as Snakemake does."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True  # the plain handler's, for what is shown as Snakemake shows it
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Prepare Snakemake's own handler and the bar."""
        # imported here, since Snakemake imports every installed handler, also where it is not asked for
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        from xstilts.cli.terminal import write_what_the_terminal_can
        from xstilts.status.run_log import RunLog

        asked = self.common_settings
        stream: TextIO = sys.stdout if asked.stdout else sys.stderr
        quiet = set(asked.quiet or ())
        write_what_the_terminal_can()
        self._plain = ColorizingTextHandler(nocolor=asked.nocolor, stream=stream)
        self._plain.addFilter(DefaultFilter(quiet, asked.debug_dag, asked.verbose, asked.dryrun, asked.printshellcmds))
        self._plain.setFormatter(DefaultFormatter(quiet, asked.show_failed_logs))
        self._as_snakemake = asked.dryrun or asked.verbose
        self._quiet = bool(quiet & {Quietness.ALL, Quietness.PROGRESS})
        self._run = RunLog()
        self._console = Console(file=stream, no_color=asked.nocolor, highlight=False, markup=False, soft_wrap=True)
        columns = BarColumn(), TextColumn("{task.description}")
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._task = self._bar.add_task("", total=None)

    def emit(self, record: LogRecord) -> None:
        """Show one of Snakemake's events."""
        event = get_event(record)
        if self._as_snakemake or event not in _REPLACED:
            if event == LogEvent.JOB_ERROR:
                self._run.fail(getattr(record, "jobid", -1))
            if self._plain.filter(record) and not self._says_nothing(record):
                self._plain.emit(record)
            return
        try:
            self._replace(event, record)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Take the bar off the terminal."""
        self._stop()
        super().close()

    def _says_nothing(self, record: LogRecord) -> bool:
        text = str(record.msg or "").strip()
        plain = get_event(record) is None and record.levelno == INFO
        return plain and not self._as_snakemake and (not text or text.startswith(_NOISE))

    def _replace(self, event: LogEvent | None, record: LogRecord) -> None:
        if event == LogEvent.RUN_INFO:
            stats = {rule: count for rule, count in record.stats.items() if rule not in ("total", "all")}  # type: ignore[attr-defined]
            self._run.counts = stats
            if not self._quiet and self._console.is_terminal:
                self._bar.start()
        elif event == LogEvent.JOB_INFO:
            self._run.start(record.jobid, record.rule_name, record.wildcards or {}, record.output or [])  # type: ignore[attr-defined]
        elif event == LogEvent.JOB_FINISHED:
            line = self._run.finish(record.job_id)  # type: ignore[attr-defined]
            if line and not self._quiet:
                before = "" if self._console.is_terminal else f"[{self._run.progress()}] "
                self._console.print(f"{before}{line}")
        running = f", {self._run.running} running" if self._run.running else ""
        self._bar.update(
            self._task,
            total=self._run.total or None,
            completed=self._run.finished,
            description=f"{self._run.progress()}{running}",
        )
        if self._run.total and self._run.finished == self._run.total:
            self._stop()

    def _stop(self) -> None:
        if self._bar.live.is_started:  # else it would print an empty line
            self._bar.stop()
