"""The trainings of an arm, one after another. A killed job goes on in the stage that it was in."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from xstilts.config.settings import LoRA
from xstilts.encoders import adapters
from xstilts.graph.jobs import INTERMEDIATE
from xstilts.graph.runs import Runs
from xstilts.jobs.results import JobOutputs, training_entry
from xstilts.jobs.supervised import SupervisedRun, TrainedRun
from xstilts.jobs.text_data import text_data
from xstilts.jobs.training_data import of_stage
from xstilts.jobs.trials import train_at_best_rate
from xstilts.training.checkpoints import Checkpoint
from xstilts.training.device import Device
from xstilts.training.selection import Weights, load_weights, weights_of
from xstilts.training.session import Session
from xstilts.training.state import part_of, prefixed

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

MakeEncoder = Callable[[int], "PreTrainedModel"]

logger = logging.getLogger(__name__)


@dataclass
class StagedRun:
    """The training of an arm in its stages.

    A stage that is done leaves its weights, its dev scores and its entry in the record beside the checkpoints of the
    next one, which starts from them.

    Attributes:
        runs: The study's jobs and paths.
        model: Its name in the study.
        arm: Its name in the study; it has one stage at least.
        seed: The run's seed.
        start: Returns the encoder that the first stage starts from, given a seed.
        outputs: Where the dev scores of every stage are added.
        lm_head: The head for masked language modelling that the next stage with text starts from; None: a new one.
        entries: What the record has about each stage that is done.
        earlier_seconds: Seconds that earlier processes have spent on the stages that are done.
    """

    runs: Runs
    model: str
    arm: str
    seed: int
    start: MakeEncoder
    outputs: JobOutputs
    lm_head: Weights | None = None
    entries: list[dict[str, Any]] = field(default_factory=list)
    earlier_seconds: float = 0.0

    def train(self, tokenizer: PreTrainedTokenizerFast, device: Device, session: Session) -> TrainedRun:
        """Train in all stages.

        Returns:
            The outcome of the last stage; the seconds of its ``result`` are those of earlier processes in all stages.

        Raises:
            Diverged: The last start of a stage has diverged.
            Stopped: The job was asked to stop.
        """
        hypers = self.runs.study.intermediate(self.arm)
        make_encoder = self.start
        for number, hyper in enumerate(hypers[:-1]):
            weights = self._earlier(number, make_encoder, tokenizer, device, session)
            make_encoder = partial(_continued, self.start, hyper.lora, weights)
        part = session.part(f"stage-{len(hypers) - 1}") if len(hypers) > 1 else session
        trained = train_at_best_rate(self._stage(len(hypers) - 1, make_encoder), tokenizer, device, part)
        self._add(trained)
        trained.result.earlier_seconds += self.earlier_seconds
        return trained

    def record(self, trained: TrainedRun) -> dict[str, Any]:
        """What the job's record has about the last stage beside its result, and of several about each."""
        if len(self.entries) == 1:
            return trained.record()
        learnt = {task: outcome for entry in self.entries for task, outcome in entry["learnt"].items()}
        return {**trained.record(), "learnt": learnt, "stages": self.entries}

    def _earlier(
        self,
        number: int,
        make_encoder: MakeEncoder,
        tokenizer: PreTrainedTokenizerFast,
        device: Device,
        session: Session,
    ) -> Weights:
        """Train in a stage that others follow, unless that has been done before; returns its weights."""
        done, part, started = session.part(f"after-{number}"), session.part(f"stage-{number}"), time.monotonic()
        if found := done.load():
            logger.info("Stage %d of the arm has been done before", number + 1)
            self.entries.append(found.facts["entry"])
            self.outputs.add_dev_rows(found.facts["dev_scores"])
            self.earlier_seconds += found.facts["seconds"]
            self.lm_head = part_of("lm_head", found.tensors) or None
            return part_of("encoder", found.tensors)
        trained = train_at_best_rate(self._stage(number, make_encoder), tokenizer, device, part)
        self._add(trained)
        earlier = trained.result.earlier_seconds
        facts = {
            "entry": self.entries[-1],
            "dev_scores": self.outputs.dev_rows,
            "seconds": time.monotonic() - started + earlier,
        }
        self.earlier_seconds += earlier
        weights = weights_of(trained.encoder)
        tensors = dict([*prefixed("encoder", weights), *prefixed("lm_head", self.lm_head or {})])
        if done.save(Checkpoint(tensors, facts), f"The end of stage {number + 1}"):
            part.clear()
        return weights

    def _stage(self, number: int, make_encoder: MakeEncoder) -> SupervisedRun:
        """The training of a stage."""
        stages, hyper = self.runs.study.arms[self.arm].sequence, self.runs.study.intermediate(self.arm)[number]
        stage, which = stages[number], f", stage {number + 1} of {len(stages)}" if len(stages) > 1 else ""
        what = f"intermediate training {self.arm}{which}"
        use, text = stage.masked_lm, None
        if use:
            text = text_data(self.runs, self.model, use, stage.text_share, self.lm_head)
        return SupervisedRun(
            self.runs,
            self.model,
            what,
            of_stage(self.runs.study, self.arm, number),
            hyper,
            self.seed,
            make_encoder,
            stage.steps == "fixed",
            stage=number,
            text=text,
            mixing=stage.mixing_exponent,
        )

    def _add(self, trained: TrainedRun) -> None:
        """Add the dev scores of a stage, and its entry in the record."""
        trained.add_dev(self.outputs, INTERMEDIATE)
        entry = training_entry(trained.result, trained.record())
        assert entry is not None
        self.entries.append(entry)
        self.lm_head = trained.lm_head or self.lm_head


def _continued(start: MakeEncoder, lora: LoRA | None, weights: Weights, seed: int) -> PreTrainedModel:
    """The encoder as the stage before has left it: with its adapter if it has trained one."""
    encoder = start(seed)
    if lora:
        adapters.add(encoder, lora)
    load_weights(encoder, weights)
    return encoder
