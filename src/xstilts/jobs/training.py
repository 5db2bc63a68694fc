"""Pretraining, intermediate training, fine-tuning with evaluation: three uses of one loop."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from xstilts import encoders, examples, tokenizer
from xstilts.catalogue.languages import ENGLISH
from xstilts.catalogue.tasks import TASKS, TEXT
from xstilts.encoding import EncodedRows, EncodedTask
from xstilts.formats import format_of
from xstilts.formats.base import Format, Tokens
from xstilts.jobs.execution import execute
from xstilts.jobs.results import Results, result_files, write_record
from xstilts.report.dev_scores import TARGET
from xstilts.runs import INTERMEDIATE, Runs
from xstilts.settings import Hyperparameters
from xstilts.specs import Spec, Specs
from xstilts.training.device import Device
from xstilts.training.loop import Material, Trained, train
from xstilts.training.prediction import predict
from xstilts.training.session import Session


def pretrain(runs: Runs, model: str, threads: int) -> None:
    """Masked language modelling from random weights, on the study's unlabelled text."""
    spec, folder = Specs(runs).pretrain(model), runs.paths.pretrained(model)
    reads = [runs.paths.tokenizer_file(model), *runs.inputs(model, (TEXT.name,))]
    work = partial(_pretrain, runs, spec, model, threads)
    execute(runs, spec, runs.paths.attempts(model), reads, _encoder_files(folder), work)


def intermediate(runs: Runs, model: str, arm: str, seed: int, threads: int) -> None:
    """What the arm does to the pretrained encoder: its tasks, mixed; or random weights in its place."""
    spec, job = Specs(runs).intermediate(model, arm, seed), (model, arm, INTERMEDIATE, seed)
    inputs = [*runs.starting_weights(model, arm), *runs.inputs(model, tuple(runs.study.arms[arm].tasks))]
    reads = [runs.paths.tokenizer_file(model), *inputs]
    makes = [*_encoder_files(runs.paths.encoder(model, arm, seed)), runs.paths.part("dev_scores", *job)]
    work = partial(_intermediate, runs, spec, model, arm, seed, threads)
    execute(runs, spec, runs.paths.attempts(*job), reads, makes, work)


def finetune(runs: Runs, model: str, arm: str, training_set: str, seed: int, threads: int) -> None:
    """Fine-tune on English, then score every language of every target that this training set serves."""
    spec, job = Specs(runs).finetune(model, arm, training_set, seed), (model, arm, training_set, seed)
    inputs = [runs.encoder_weights(model, arm, seed), *runs.inputs(model, runs.evaluated(training_set))]
    reads = [runs.paths.tokenizer_file(model), *inputs]
    work = partial(_finetune, runs, spec, model, arm, training_set, seed, threads)
    execute(runs, spec, runs.paths.attempts(*job), reads, result_files(runs, *job), work)


def _pretrain(runs: Runs, spec: Spec, model: str, threads: int, session: Session) -> None:
    started, device = time.monotonic(), Device.choose(runs.study.compute, threads)
    architecture = runs.study.models[model].architecture
    assert architecture is not None
    loaded = tokenizer.load(runs.paths.tokenizer(model))
    torch.manual_seed(architecture.seed)
    encoder = encoders.fresh(architecture, loaded, runs.study.compute)
    formatter = _format(runs, model, TEXT.name)
    rows = EncodedRows(*(runs.paths.encoded(model, TEXT.name, *file) for file in runs.files(TEXT.name)))
    hyper, seed = runs.study.training.pretraining, architecture.seed
    tokens, what = _tokens(loaded, seed), f"pretraining {model}"
    trained = train(encoder, [Material(formatter, rows)], tokens, hyper, seed, device, what, session)
    folder = runs.paths.pretrained(model)
    write_record(folder / "record.json", runs, spec, device, trained, started)
    encoders.save(encoder.cpu(), folder)


def _intermediate(runs: Runs, spec: Spec, model: str, arm: str, seed: int, threads: int, session: Session) -> None:
    started, device = time.monotonic(), Device.choose(runs.study.compute, threads)
    chosen = runs.study.arms[arm]
    loaded = tokenizer.load(runs.paths.tokenizer(model))
    encoder = _start(runs, model, arm, seed, loaded)
    hyper = runs.study.intermediate(arm)
    trained = None
    results = Results(runs.study.study, model, arm, seed, spec["id"])
    if chosen.tasks:
        materials = [
            _material(runs, model, task, hyper, _subset(runs, model, task, arm, seed)) for task in chosen.tasks
        ]
        tokens, what = _tokens(loaded, seed), f"intermediate training {arm}"
        trained = train(encoder, materials, tokens, hyper, seed, device, what, session)
        for task in chosen.tasks:
            _score_dev(runs, model, task, INTERMEDIATE, encoder, trained, tokens, hyper, device, results)
    results.write_dev(runs, INTERMEDIATE)
    folder = runs.paths.encoder(model, arm, seed)
    write_record(folder / "record.json", runs, spec, device, trained, started)
    encoders.save(encoder.cpu(), folder)


def _finetune(
    runs: Runs, spec: Spec, model: str, arm: str, training_set: str, seed: int, threads: int, session: Session
) -> None:
    started, device = time.monotonic(), Device.choose(runs.study.compute, threads)
    loaded = tokenizer.load(runs.paths.tokenizer(model))
    tokens = _tokens(loaded, seed)
    encoder = encoders.load(runs.encoder_weights(model, arm, seed).parent, runs.study.compute)
    hyper = runs.study.target(training_set)
    material = _material(runs, model, training_set, hyper)
    trained = train(encoder, [material], tokens, hyper, seed, device, f"fine-tuning {arm} on {training_set}", session)
    results = Results(runs.study.study, model, arm, seed, spec["id"])
    _score_dev(runs, model, training_set, TARGET, encoder, trained, tokens, hyper, device, results)
    head = trained.heads[training_set]
    for target in runs.targets_of(training_set):
        formatter = _format(runs, model, target, material.formatter.labels)
        for split in runs.study.splits_of(target):
            for language in runs.study.languages(target, split):
                session.tell(f"scoring {target} in {language} ({split})", 0, 0)
                rows = EncodedRows(runs.paths.encoded(model, target, split, language))
                gold = examples.read(runs.paths.examples(target, split, language))
                found = predict(formatter, encoder, head, rows, gold, tokens, hyper.batch_size, device)
                results.add(formatter, language, split, found, gold)
    results.write(runs, training_set)
    record = runs.paths.part("records", model, arm, training_set, seed, "json")
    write_record(record, runs, spec, device, trained, started)


def _encoder_files(folder: Path) -> list[Path]:
    return [folder / name for name in ("model.safetensors", "config.json", "record.json")]


def _start(runs: Runs, model: str, arm: str, seed: int, loaded: PreTrainedTokenizerFast) -> PreTrainedModel:
    """The encoder that an arm begins with."""
    compute, architecture = runs.study.compute, runs.study.models[model].architecture
    random = runs.study.arms[arm].weights == "random"
    torch.manual_seed(seed)
    if random and architecture:
        return encoders.fresh(architecture, loaded, compute)
    encoder = encoders.load(runs.pretrained_weights(model).parent, compute)
    return encoders.reinitialised(encoder) if random else encoder


def _format(runs: Runs, model: str, task: str, labels: tuple[str, ...] | None = None) -> Format:
    """The task's format as it was encoded; ``labels`` are those that a head was trained on."""
    encoded = EncodedTask.read(runs.paths.tokens_manifest(model, task))
    return format_of(TASKS[task], encoded.encoding, labels or encoded.labels)


def _subset(runs: Runs, model: str, task: str, arm: str, seed: int) -> list[int] | None:
    """The training examples that an arm uses of a task: of the same seed, those of a smaller arm are among them."""
    count = runs.study.arms[arm].train_examples
    if count is None:
        return None
    encoded = EncodedTask.read(runs.paths.tokens_manifest(model, task))
    order = np.random.default_rng(seed).permutation(encoded.files[f"train.{ENGLISH}"]["examples"])
    return sorted(order[:count].tolist())


def _material(runs: Runs, model: str, task: str, hyper: Hyperparameters, subset: list[int] | None = None) -> Material:
    """One task's part in a training run; ``subset`` are the training examples to use, all where None."""
    formatter = _format(runs, model, task)
    train_rows = EncodedRows(runs.paths.encoded(model, task, "train", ENGLISH), only=subset)
    rows, gold = _dev(runs, model, task, hyper.eval_examples)
    if not formatter.has_gold(gold):
        print(f"{task}: its dev data has no labels; the last weights are kept instead of the best", flush=True)
        return Material(formatter, train_rows)
    return Material(formatter, train_rows, rows, gold)


def _dev(runs: Runs, model: str, task: str, count: int | None = None) -> tuple[EncodedRows, pa.Table]:
    """The first ``count`` English dev examples of a task, encoded and canonical; all where None."""
    gold = examples.read(runs.paths.examples(task, "dev", ENGLISH))
    gold = gold if count is None else gold.slice(0, count)
    return EncodedRows(runs.paths.encoded(model, task, "dev", ENGLISH), examples=gold.num_rows), gold


def _score_dev(
    runs: Runs,
    model: str,
    task: str,
    stage: str,
    encoder: PreTrainedModel,
    trained: Trained,
    tokens: Tokens,
    hyper: Hyperparameters,
    device: Device,
    results: Results,
) -> None:
    """What the weights that were kept score on all English dev data of a task they were trained on."""
    formatter, (rows, gold) = _format(runs, model, task), _dev(runs, model, task)
    if formatter.has_gold(gold):
        found = predict(formatter, encoder, trained.heads[task], rows, gold, tokens, hyper.batch_size, device)
        results.add_dev(stage, formatter, ENGLISH, found, gold)


def _tokens(loaded: PreTrainedTokenizerFast, seed: int) -> Tokens:
    return Tokens.of(loaded, torch.Generator().manual_seed(seed))
