"""A study whose jobs have left the files that a test asks for."""

from __future__ import annotations

import socket
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from configs import own

from xstilts.atomic import write_json
from xstilts.config.study import load
from xstilts.graph.jobs import INTERMEDIATE, RETRIEVAL, Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.runtime.attempts import Attempt

PRETRAIN = Job.pretraining("tiny")
TRAIN = Job("tiny", "mnli", INTERMEDIATE, 1)
XNLI = Job("tiny", "mnli", "xnli", 1)
XNLI_2 = Job("tiny", "mnli", "xnli", 2)
RETRIEVE = Job("tiny", "mnli", RETRIEVAL, 1)
KINDS = [PRETRAIN, TRAIN, XNLI, RETRIEVE]


@dataclass
class Progress:
    """Writes the files that jobs leave, in the working folder."""

    runs: Runs = field(default_factory=lambda: Runs(load(own())))

    def finish(self, job: Job, run: str = "", seconds: float = 60.0) -> None:
        """Leave a job's result and record; of the run that the config asks for, unless another is given."""
        record, result, *_ = job.makes(self.runs.paths)
        write_json(record, {"spec": {"id": run or Specs(self.runs).of(job)["id"]}, "seconds": seconds})
        result.parent.mkdir(parents=True, exist_ok=True)
        result.touch()

    def finish_all(self) -> None:
        for job in self.runs.all_jobs():
            self.finish(job)

    def attempt(self, job: Job, age: float = 0.0, lasted: float = 600.0, **changes: Any) -> None:
        """Write an attempt that was updated ``age`` seconds ago; ``changes`` are of its fields."""
        path, now = job.attempts(self.runs.paths), datetime.now(UTC) - timedelta(seconds=age)
        started, updated = (time.isoformat(timespec="seconds") for time in (now - timedelta(seconds=lasted), now))
        made = Attempt(Specs(self.runs).of(job)["id"], "inputs", started, updated, "elsewhere", 17)
        write_json(path, [asdict(Attempt(**{**asdict(made), **changes}))])

    def attempt_here(self, job: Job, pid: int, age: float = 3600.0, **changes: Any) -> None:
        self.attempt(job, age, host=socket.gethostname(), pid=pid, **changes)
