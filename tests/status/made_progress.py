"""A study whose jobs have come as far as a test says."""

from __future__ import annotations

import socket
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from configs import own

from xstilts.atomic import write_json
from xstilts.config.study import load
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.graph.specs import Specs
from xstilts.graph.training_jobs import TrainingJob, training_jobs
from xstilts.runtime.attempts import Attempt

PRETRAIN = TrainingJob("pretrain", "tiny")
TRAIN = TrainingJob("intermediate", "tiny", "mnli", "intermediate", 1)
XNLI = TrainingJob("finetune", "tiny", "mnli", "xnli", 1)
XNLI_2 = TrainingJob("finetune", "tiny", "mnli", "xnli", 2)
RETRIEVE = TrainingJob("retrieve", "tiny", "mnli", RETRIEVAL, 1)
KINDS = [PRETRAIN, TRAIN, XNLI, RETRIEVE]


@dataclass
class Progress:
    """What the jobs of a study have left behind, in the folder that the test runs in."""

    runs: Runs = field(default_factory=lambda: Runs(load(own())))

    def finish(self, job: TrainingJob, run: str = "", seconds: float = 60.0) -> None:
        """Leave a job's result and record; of the run that the config asks for, unless another is given."""
        record, result, *_ = job.makes(self.runs.paths)
        write_json(record, {"spec": {"id": run or job.spec(Specs(self.runs))["id"]}, "seconds": seconds})
        result.parent.mkdir(parents=True, exist_ok=True)
        result.touch()

    def finish_all(self) -> None:
        for job in training_jobs(self.runs):
            self.finish(job)

    def attempt(self, job: TrainingJob, age: float = 0.0, lasted: float = 600.0, **changes: Any) -> None:
        """Note one more attempt, whose last sign of life is ``age`` seconds old; ``changes`` are of its fields."""
        path, now = job.attempts(self.runs.paths), datetime.now(UTC) - timedelta(seconds=age)
        started, updated = (time.isoformat(timespec="seconds") for time in (now - timedelta(seconds=lasted), now))
        made = Attempt(job.spec(Specs(self.runs))["id"], "inputs", started, updated, "elsewhere", 17)
        write_json(path, [asdict(Attempt(**{**asdict(made), **changes}))])

    def attempt_here(self, job: TrainingJob, pid: int, age: float = 3600.0, **changes: Any) -> None:
        self.attempt(job, age, host=socket.gethostname(), pid=pid, **changes)
