"""The jobs that train: pretraining, intermediate training, and fine-tuning with evaluation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from xstilts.data import examples
from xstilts.data.encoding import EncodedRows
from xstilts.data.tokenizer import load as load_tokenizer
from xstilts.encoders import storage as encoders
from xstilts.graph.jobs import INTERMEDIATE, Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Spec
from xstilts.jobs.encoder_folder import write_encoder
from xstilts.jobs.loading import load_encoder
from xstilts.jobs.pooled import score_from_pool
from xstilts.jobs.results import JobOutputs, training_entry, write_record
from xstilts.jobs.supervised import SupervisedRun, TrainedRun, special_tokens_of, task_type_as_encoded
from xstilts.report.model_card import TrainedEncoder, model_card
from xstilts.scores.dev_scores import TARGET
from xstilts.task_types.base import TaskType
from xstilts.task_types.dual_encoder import DualEncoder
from xstilts.tasks.registry import TEXT
from xstilts.training.device import Device
from xstilts.training.loop import TaskData, train
from xstilts.training.prediction import outputs_of, predict
from xstilts.training.session import Session


def pretrain(runs: Runs, spec: Spec, model: str, threads: int, session: Session) -> None:
    """Pretrain a model of the study from random weights by masked language modelling on the unlabelled text.

    Args:
        runs: The study's jobs and paths.
        spec: The run spec, which is written into the record.
        model: Its name in the study; it has an ``architecture``.
        threads: CPU threads.
        session: Stop requests, checkpoints and progress.
    """
    started, device = time.monotonic(), Device.choose(runs.study.compute, threads)
    architecture = runs.study.models[model].architecture
    assert architecture is not None
    tokenizer, seed = load_tokenizer(runs.paths.tokenizer(model)), architecture.seed
    torch.manual_seed(seed)
    encoder = encoders.fresh(architecture, tokenizer, runs.study.compute)
    rows = EncodedRows(*(runs.paths.encoded(model, TEXT.name, *file) for file in runs.files(TEXT.name)))
    data, what = TaskData(task_type_as_encoded(runs, model, TEXT.name), rows), f"pretraining {model}"
    hyper = runs.study.training.pretraining
    result = train(encoder, [data], special_tokens_of(tokenizer, seed), hyper, seed, device, what, session)
    made = TrainedEncoder(runs, Job.pretraining(model), spec["id"], training_entry(result), encoder.config)
    folder = runs.paths.pretrained(model)
    session.stop.ignore_from_now_on()
    write_encoder(folder, encoder.cpu(), tokenizer, model_card(made))
    write_record(folder / "record.json", runs, spec, device, result, started)


def intermediate(runs: Runs, spec: Spec, model: str, arm: str, seed: int, threads: int, session: Session) -> None:
    """Make an arm's encoder: train on a mixture of the arm's tasks, or only replace the weights by random ones.

    Args:
        runs: The study's jobs and paths.
        spec: The run spec, which is written into the record.
        model: Its name in the study.
        arm: Its name in the study; it has tasks or random weights.
        seed: The run's seed.
        threads: CPU threads.
        session: Stop requests, checkpoints and progress.
    """
    started, device = time.monotonic(), Device.choose(runs.study.compute, threads)
    settings, folder = runs.study.arms[arm], runs.paths.encoder(model, arm, seed)
    tokenizer = load_tokenizer(runs.paths.tokenizer(model))
    make_encoder = partial(_starting_encoder, runs, model, arm, tokenizer)
    outputs = JobOutputs(runs.study.study, model, arm, seed, spec["id"])
    trained = None
    if not settings.tasks:
        encoder = make_encoder(seed)
    else:
        what, hyper = f"intermediate training {arm}", runs.study.intermediate(arm)
        run = SupervisedRun(runs, model, what, settings.tasks, hyper, seed, make_encoder, settings.train_examples)
        trained = run.train(tokenizer, device, session)
        trained.add_dev(outputs, INTERMEDIATE)
        encoder = trained.encoder
    result, more = (trained.result, trained.record()) if trained else (None, None)
    job = Job(model, arm, INTERMEDIATE, seed)
    made = TrainedEncoder(runs, job, spec["id"], training_entry(result, more), encoder.config)
    session.stop.ignore_from_now_on()
    base = str(runs.pretrained_weights(model).parent) if runs.study.stores_adapter(arm) else ""
    write_encoder(folder, encoder.cpu(), tokenizer, model_card(made), base)
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
    run = SupervisedRun(runs, model, what, [training_set], hyper, seed, lambda _: load_encoder(runs, model, weights))
    trained = run.train(tokenizer, device, session)
    outputs = JobOutputs(runs.study.study, model, arm, seed, spec["id"])
    trained.add_dev(outputs, TARGET)
    for target in runs.targets_of(training_set):
        _score(runs, model, training_set, target, trained, hyper.batch_size, device, session, outputs)
    session.stop.ignore_from_now_on()
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
