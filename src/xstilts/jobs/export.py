"""An encoder of a study as a folder of its own, which the Hugging Face Hub takes as it is."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import pandas as pd

from xstilts.atomic import making_folder
from xstilts.data.tokenizer import load as load_tokenizer
from xstilts.errors import UserError
from xstilts.graph.jobs import INTERMEDIATE, TOKENIZER_FILES, Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.graph.state import JobState, refuse_damaged_outputs
from xstilts.jobs.encoder_folder import write_encoder
from xstilts.jobs.loading import load_encoder
from xstilts.report.model_card import TrainedEncoder, model_card
from xstilts.report.zero_shot import zero_shot_section
from xstilts.scores.flags import collapse_flags, with_flags
from xstilts.scores.score_files import SCORES, read_scores

T = TypeVar("T")

logger = logging.getLogger(__name__)


def export(runs: Runs, model: str, arm: str, seed: int | None, folder: Path) -> None:
    """Write an encoder of a study with its tokenizer and its card into a new folder, or none of it.

    Args:
        runs: The study's jobs and paths.
        model: The name of a model of the study; empty: its only one.
        arm: The name of an arm; empty: the only one that trains.
        seed: A seed of the study; None: its only one.
        folder: The folder, which does not exist or is empty.

    Raises:
        UserError: The folder is not empty, several encoders could be meant, or the encoder is not the study's own, not
            trained yet, out of date or damaged.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: there is something already. Give --to a folder that is empty or does not exist.")
    model = model or _only("model", runs.study.models)
    arm = arm or _only("arm", _training_arms(runs))
    job = _job(runs, model, arm, seed)
    state = _trained(runs, job)
    weights = runs.encoder_weights(model, arm, job.seed)
    refuse_damaged_outputs(job, runs.paths, [weights.with_name(name) for name in TOKENIZER_FILES])
    encoder, tokenizer = load_encoder(runs, model, weights), load_tokenizer(weights.parent)
    made = TrainedEncoder(runs, job, state.planned_run, state.record["training"], encoder.config)
    scores = _scores(runs, model, arm, None if job.is_pretraining else job.seed)
    card = model_card(made, zero_shot_section(scores, runs.study))
    try:
        with making_folder(folder.resolve()) as temporary:
            write_encoder(temporary, encoder, tokenizer, card)
    except OSError as error:
        raise UserError(f"{folder}: the encoder cannot be written there: {error}") from error


def _training_arms(runs: Runs) -> list[str]:
    return [name for name, arm in runs.study.arms.items() if arm.trains]


def _only(option: str, names: Iterable[T]) -> T:
    """Return what an option can only mean where it is left out."""
    known = list(names)
    if len(known) != 1:
        raise UserError(f"give --{option}, one of: {', '.join(map(str, known)) or 'none that could be meant'}.")
    return known[0]


def _job(runs: Runs, model: str, arm: str, seed: int | None) -> Job:
    """Return the job that makes an arm's encoder."""
    if runs.study.arms[arm].trains:
        return Job(model, arm, INTERMEDIATE, _only("seed", runs.study.seeds) if seed is None else seed)
    if not runs.pretrains(model):
        raise UserError(
            f"the arm '{arm}' trains nothing, and the model '{model}' is a ready-made encoder: take it from "
            f"{runs.study.models[model].path}. Arms that train: {', '.join(_training_arms(runs)) or 'none'}."
        )
    if seed is not None:
        raise UserError(f"the encoder of the arm '{arm}' is the same for all seeds: leave --seed out.")
    return Job.pretraining(model)


def _trained(runs: Runs, job: Job) -> JobState:
    """Return the state of a job, which must be done."""
    state, weights = JobState(job, Specs(runs)), job.result(runs.paths)
    if state.done:
        return state
    if state.outdated:
        raise UserError(
            f"{weights.parent}: this encoder was trained with another config or other code than those of now. Start "
            "snakemake again, which trains it anew, or export it with the version and the config that trained it."
        )
    raise UserError(
        f"{weights.parent}: this encoder has not been trained yet. Start snakemake with the study's YAML file, for "
        f"all of the study or for this alone: snakemake --configfile STUDY.yaml {weights}"
    )


def _scores(runs: Runs, model: str, arm: str, seed: int | None) -> pd.DataFrame:
    """Read the scores of an arm that are there and up to date, with flags; of all seeds if ``seed`` is None."""
    specs = Specs(runs)
    jobs = [job for job in runs.jobs() if job[:2] == (model, arm) and seed in (None, job.seed)]
    states = {job: JobState(job, specs) for job in jobs}
    done = {job: state.record for job, state in states.items() if state.done}
    if len(done) < len(jobs):
        logger.warning("%d of the %d jobs that score this encoder are done", len(done), len(jobs))
    for job in done:
        refuse_damaged_outputs(job, runs.paths, [job.result(runs.paths)])
    scores = [read_scores(job.result(runs.paths)) for job in done]
    empty = SCORES.empty_table().to_pandas()
    return with_flags(pd.concat(scores, ignore_index=True), collapse_flags(done), runs.study) if scores else empty
