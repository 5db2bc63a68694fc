"""Pretraining, intermediate training, fine-tuning with evaluation: three uses of one loop."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from xstilts.data import examples, tokenizer
from xstilts.data.encoding import EncodedRows
from xstilts.encoders import storage as encoders
from xstilts.graph.runs import INTERMEDIATE, Runs
from xstilts.graph.specs import Spec
from xstilts.jobs.results import Results, write_record
from xstilts.jobs.supervised import SupervisedRun, task_type_as_encoded, tokens_of
from xstilts.scores.dev_scores import TARGET
from xstilts.tasks.registry import TEXT
from xstilts.training.device import Device
from xstilts.training.loop import TaskData, train
from xstilts.training.prediction import predict
from xstilts.training.session import Session


def pretrain(runs: Runs, spec: Spec, model: str, threads: int, session: Session) -> None:
    """Masked language modelling from random weights, on the study's unlabelled text."""
    started, device = time.monotonic(), Device.choose(runs.study.compute, threads)
    architecture = runs.study.models[model].architecture
    assert architecture is not None
    loaded, seed = tokenizer.load(runs.paths.tokenizer(model)), architecture.seed
    torch.manual_seed(seed)
    encoder = encoders.fresh(architecture, loaded, runs.study.compute)
    rows = EncodedRows(*(runs.paths.encoded(model, TEXT.name, *file) for file in runs.files(TEXT.name)))
    data, what = TaskData(task_type_as_encoded(runs, model, TEXT.name), rows), f"pretraining {model}"
    hyper = runs.study.training.pretraining
    trained = train(encoder, [data], tokens_of(loaded, seed), hyper, seed, device, what, session)
    folder = runs.paths.pretrained(model)
    session.stop.ignore_from_now_on()
    write_record(folder / "record.json", runs, spec, device, trained, started)
    encoders.save(encoder.cpu(), folder)


def intermediate(runs: Runs, spec: Spec, model: str, arm: str, seed: int, threads: int, session: Session) -> None:
    """What the arm does to the pretrained encoder: its tasks, mixed; or random weights in its place."""
    started, device = time.monotonic(), Device.choose(runs.study.compute, threads)
    chosen, folder = runs.study.arms[arm], runs.paths.encoder(model, arm, seed)
    loaded = tokenizer.load(runs.paths.tokenizer(model))
    begin = partial(_start, runs, model, arm, loaded)
    results = Results(runs.study.study, model, arm, seed, spec["id"])
    if not chosen.tasks:
        encoder = begin(seed)
        session.stop.ignore_from_now_on()
        write_record(folder / "record.json", runs, spec, device, None, started)
    else:
        what, hyper = f"intermediate training {arm}", runs.study.intermediate(arm)
        lesson = SupervisedRun(runs, model, what, chosen.tasks, hyper, seed, begin, chosen.train_examples)
        learned = lesson.train(loaded, device, session)
        learned.add_dev(results, INTERMEDIATE)
        encoder = learned.encoder
        session.stop.ignore_from_now_on()
        write_record(folder / "record.json", runs, spec, device, learned.trained, started, learned.record())
    results.write_dev(runs, INTERMEDIATE)
    encoders.save(encoder.cpu(), folder)


def finetune(
    runs: Runs, spec: Spec, model: str, arm: str, training_set: str, seed: int, threads: int, session: Session
) -> None:
    """Fine-tune on English, then score every language of every target that this training set serves."""
    started, device = time.monotonic(), Device.choose(runs.study.compute, threads)
    loaded = tokenizer.load(runs.paths.tokenizer(model))
    weights, hyper = runs.encoder_weights(model, arm, seed), runs.study.target(training_set)
    what = f"fine-tuning {arm} on {training_set}"
    lesson = SupervisedRun(runs, model, what, [training_set], hyper, seed, lambda _: _loaded(runs, weights))
    learned = lesson.train(loaded, device, session)
    results = Results(runs.study.study, model, arm, seed, spec["id"])
    learned.add_dev(results, TARGET)
    head, labels = learned.trained.heads[training_set], task_type_as_encoded(runs, model, training_set).labels
    for target in runs.targets_of(training_set):
        task_type = task_type_as_encoded(runs, model, target, labels)
        for split in runs.study.splits_of(target):
            for language in runs.study.languages(target, split):
                session.on_progress(f"scoring {target} in {language} ({split})", 0, 0)
                rows = EncodedRows(runs.paths.encoded(model, target, split, language))
                gold = examples.read(runs.paths.examples(target, split, language))
                found = predict(task_type, learned.encoder, head, rows, gold, learned.tokens, hyper.batch_size, device)
                results.add(task_type, language, split, found, gold)
    session.stop.ignore_from_now_on()
    results.write(runs, training_set)
    record = runs.paths.part("records", model, arm, training_set, seed, "json")
    write_record(record, runs, spec, device, learned.trained, started, learned.record())


def _loaded(runs: Runs, weights: Path) -> PreTrainedModel:
    return encoders.load(weights.parent, runs.study.compute)


def _start(runs: Runs, model: str, arm: str, loaded: PreTrainedTokenizerFast, seed: int) -> PreTrainedModel:
    """The encoder that an arm begins with."""
    compute, architecture = runs.study.compute, runs.study.models[model].architecture
    random = runs.study.arms[arm].weights == "random"
    torch.manual_seed(seed)
    if random and architecture:
        return encoders.fresh(architecture, loaded, compute)
    encoder = _loaded(runs, runs.pretrained_weights(model))
    return encoders.reinitialised(encoder) if random else encoder
