"""The jobs that train: pretraining, intermediate training, and fine-tuning with evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from xstilts.data import examples
from xstilts.data.encoding import EncodedRows
from xstilts.data.tokenizer import load as load_tokenizer
from xstilts.encoders import lm_head
from xstilts.encoders import storage as encoders
from xstilts.graph.jobs import INTERMEDIATE, Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Spec
from xstilts.jobs.encoder_folder import write_encoder
from xstilts.jobs.loading import load_encoder
from xstilts.jobs.pooled import score_from_pool
from xstilts.jobs.results import JobOutputs, training_entry, write_record
from xstilts.jobs.stages import StagedRun
from xstilts.jobs.supervised import SupervisedRun, TrainedRun, special_tokens_of, task_type_as_encoded
from xstilts.jobs.text_data import text_data
from xstilts.jobs.training_data import of_training_set
from xstilts.jobs.trials import train_at_best_rate
from xstilts.report.model_card import TrainedEncoder, model_card
from xstilts.scores.dev_scores import TARGET
from xstilts.task_types.base import TaskType
from xstilts.task_types.dual_encoder import DualEncoder
from xstilts.tasks.registry import TEXT
from xstilts.training import ranks
from xstilts.training.device import Device
from xstilts.training.loop import train
from xstilts.training.prediction import outputs_of, predict
from xstilts.training.selection import Weights, weights_of
from xstilts.training.session import Session
from xstilts.training.steps import TaskData
from xstilts.training.text import TextData


def pretrain(runs: Runs, spec: Spec, model: str, threads: int, session: Session) -> None:
    """Pretrain a model of the study by masked language modelling, from random weights or from another model.

    Args:
        runs: The study's jobs and paths.
        spec: The run spec, which is written into the record.
        model: Its name in the study; it has an ``architecture``, or continues another model.
        threads: CPU threads.
        session: Stop requests, checkpoints and progress.
    """
    started, device = time.monotonic(), Device.choose(runs.study.compute, threads)
    tokenizer, hyper = load_tokenizer(runs.paths.tokenizer(model)), runs.study.pretraining(model)
    encoder, task_data, text, seed = _pretraining(runs, model, tokenizer)
    tokens = special_tokens_of(tokenizer, seed)
    result = train(encoder, task_data, tokens, hyper, seed, device, f"pretraining {model}", session, text=text)
    made = TrainedEncoder(runs, Job.pretraining(model), spec["id"], training_entry(result), encoder.config)
    folder = runs.paths.pretrained(model)
    session.stop.ignore_from_now_on()
    (head,) = result.heads.values()
    head_weights, encoder = weights_of(head), ranks.on_cpu(encoder)
    if ranks.is_first():
        lm_head.save(head_weights, folder)
        write_encoder(folder, encoder, tokenizer, model_card(made))
        write_record(folder / "record.json", runs, spec, device, result, started)


def _pretraining(
    runs: Runs, model: str, tokenizer: PreTrainedTokenizerFast
) -> tuple[PreTrainedModel, list[TaskData], TextData | None, int]:
    """The encoder that pretraining starts from, what it trains on, and the seed."""
    chosen = runs.study.models[model]
    if continues := chosen.continues:
        weights = runs.pretrained_weights(continues.parent)
        torch.manual_seed(continues.seed)
        encoder = load_encoder(runs, model, weights)
        head = lm_head.read(weights.parent, encoder)
        return encoder, [], text_data(runs, model, continues, 1.0, head), continues.seed
    architecture = chosen.architecture
    assert architecture is not None
    torch.manual_seed(architecture.seed)
    encoder = encoders.fresh(architecture, tokenizer, runs.study.compute)
    rows = EncodedRows(*(runs.paths.encoded(model, TEXT.name, *file) for file in runs.files(TEXT.name)))
    return encoder, [TaskData(task_type_as_encoded(runs, model, TEXT.name), rows)], None, architecture.seed


def intermediate(runs: Runs, spec: Spec, model: str, arm: str, seed: int, threads: int, session: Session) -> None:
    """Make an arm's encoder: train in the arm's stages, or only replace the weights by random ones.

    Args:
        runs: The study's jobs and paths.
        spec: The run spec, which is written into the record.
        model: Its name in the study.
        arm: Its name in the study; it has stages or random weights.
        seed: The run's seed.
        threads: CPU threads.
        session: Stop requests, checkpoints and progress.
    """
    started, device = time.monotonic(), Device.choose(runs.study.compute, threads)
    folder = runs.paths.encoder(model, arm, seed)
    tokenizer = load_tokenizer(runs.paths.tokenizer(model))
    make_encoder = partial(_starting_encoder, runs, model, arm, tokenizer)
    outputs = JobOutputs(runs.study.study, model, arm, seed, spec["id"])
    result, more = None, None
    if not runs.study.arms[arm].sequence:
        encoder = make_encoder(seed)
    else:
        head = _starting_lm_head(runs, model, arm, make_encoder)
        run = StagedRun(runs, model, arm, seed, make_encoder, outputs, head)
        trained = run.train(tokenizer, device, session)
        encoder, result, more = trained.encoder, trained.result, run.record(trained)
    job = Job(model, arm, INTERMEDIATE, seed)
    made = TrainedEncoder(runs, job, spec["id"], training_entry(result, more), encoder.config)
    session.stop.ignore_from_now_on()
    base = str(runs.pretrained_weights(model).parent) if runs.study.stores_adapter(arm) else ""
    encoder = ranks.on_cpu(encoder)
    if ranks.is_first():
        write_encoder(folder, encoder, tokenizer, model_card(made), base)
        outputs.write_dev(runs, INTERMEDIATE)
        write_record(folder / "record.json", runs, spec, device, result, started, more)


def finetune(
    runs: Runs, spec: Spec, model: str, arm: str, training_set: str, seed: int, threads: int, session: Session
) -> None:
    """Fine-tune an arm's encoder on English, then score every target of the training set in every language.

    Args:
        runs: The study's jobs and paths.
        spec: The run spec, which is written into the record.
        model: Its name in the study.
        arm: Its name in the study.
        training_set: The task whose English training data is used.
        seed: The run's seed.
        threads: CPU threads.
        session: Stop requests, checkpoints and progress.
    """
    started, device = time.monotonic(), Device.choose(runs.study.compute, threads)
    tokenizer = load_tokenizer(runs.paths.tokenizer(model))
    weights, hyper = runs.encoder_weights(model, arm, seed), runs.study.target(training_set)
    what = f"fine-tuning {arm} on {training_set}"
    data = of_training_set(runs.study, training_set)
    run = SupervisedRun(runs, model, what, data, hyper, seed, lambda _: load_encoder(runs, model, weights))
    trained = train_at_best_rate(run, tokenizer, device, session)
    outputs = JobOutputs(runs.study.study, model, arm, seed, spec["id"])
    trained.add_dev(outputs, TARGET)
    for target in runs.targets_of(training_set):
        _score(runs, model, training_set, target, trained, hyper.batch_size, device, session, outputs)
    session.stop.ignore_from_now_on()
    if ranks.is_first():
        outputs.write(runs, training_set)
        record = runs.paths.part("records", model, arm, training_set, seed, "json")
        write_record(record, runs, spec, device, trained.result, started, trained.record())


def _score(
    runs: Runs,
    model: str,
    training_set: str,
    target: str,
    trained: TrainedRun,
    batch_size: int,
    device: Device,
    session: Session,
    outputs: JobOutputs,
) -> None:
    """Add the predictions for every split and language of a target to the job's outputs."""
    head = trained.result.heads[training_set]

    def outputs_of_rows(task_type: TaskType, rows: EncodedRows, chosen: Sequence[int]) -> list[Any]:
        return outputs_of(task_type, trained.encoder, head, rows, chosen, trained.tokens, batch_size, device)

    labels = task_type_as_encoded(runs, model, training_set).labels
    task_type = task_type_as_encoded(runs, model, target, labels)
    if isinstance(task_type, DualEncoder):
        score_from_pool(runs, model, task_type, outputs_of_rows, trained.encoder.device, session, outputs)
        return
    for split in runs.study.splits_of(target):
        for language in runs.study.languages(target, split):
            session.on_progress(f"scoring {target} in {language} ({split})", 0, 0)
            rows = EncodedRows(runs.paths.encoded(model, target, split, language))
            gold = examples.read(runs.paths.examples(target, split, language))
            predictions = predict(task_type, trained.encoder, head, rows, gold, trained.tokens, batch_size, device)
            outputs.add(task_type, language, split, predictions, gold)


def _starting_lm_head(
    runs: Runs, model: str, arm: str, make_encoder: Callable[[int], PreTrainedModel]
) -> Weights | None:
    """The head for masked language modelling that an arm starts from; None: a new one, or no need of any."""
    chosen = runs.study.arms[arm]
    if not chosen.texts or chosen.weights == "random":
        return None
    return lm_head.read(runs.pretrained_weights(model).parent, make_encoder(0))


def _starting_encoder(
    runs: Runs, model: str, arm: str, tokenizer: PreTrainedTokenizerFast, seed: int
) -> PreTrainedModel:
    """The encoder that an arm starts from: the pretrained one, or one with random weights drawn by the seed."""
    compute, architecture = runs.study.compute, runs.study.models[model].architecture
    random = runs.study.arms[arm].weights == "random"
    torch.manual_seed(seed)
    if random and architecture:
        return encoders.fresh(architecture, tokenizer, compute)
    encoder = load_encoder(runs, model, runs.pretrained_weights(model))
    return encoders.reinitialised(encoder) if random else encoder
