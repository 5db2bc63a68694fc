"""From a source to canonical and encoded examples."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from xstilts.atomic import write_json
from xstilts.config.sources import SyntheticSource
from xstilts.data import examples
from xstilts.data.examples import Provenance
from xstilts.errors import UserError
from xstilts.graph.paths import DOWNLOADS
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.sources import files
from xstilts.sources.hub import read as hub
from xstilts.task_types import task_type_class
from xstilts.tasks import files as layout
from xstilts.tasks.registry import TEXT, Task


def generate(runs: Runs) -> None:
    """Write the synthetic source's files, in the layout of the official releases."""
    from xstilts.synthetic.generate import generate as write_all

    source = runs.study.source
    if not isinstance(source, SyntheticSource):
        raise UserError("The study's source is a folder of files; there is nothing to generate.")
    write_all(runs.paths.raw, source)
    write_json(runs.paths.generated, {"source": source.model_dump()})


def prepare(runs: Runs, name: str) -> None:
    """Canonical files of one task: all of them, or, where anything is wrong with one, none."""
    task, root = runs.study.task(name), None if runs.study.from_hub(name) else _root(runs)
    folder = runs.paths.data(name)
    folder.mkdir(parents=True, exist_ok=True)
    listed: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=folder, prefix=".preparing.") as staging:
        for split, language in runs.files(name):
            table, source, shown = _read(runs, task, split, language, root)
            target = Path(staging) / runs.paths.examples(name, split, language).name
            sealed = examples.write(target, task, table, _provenance(runs, task, split, language, source), shown)
            listed[f"{split}.{language}"] = {"examples": table.num_rows, "fingerprint": sealed.fingerprint}
            if task is not TEXT and not task_type_class(task).has_gold(table):
                print(f"{name}, {split}, {language}: without labels; predicted and submitted, not scored", flush=True)
        _publish(runs, task, Path(staging), listed)


def _read(runs: Runs, task: Task, split: str, code: str, root: Path | None) -> tuple[pa.Table, str, str]:
    """The examples that the study uses of one file, where they come from, and what an error calls that place.

    Without a ``root``, they are the Hub's.
    """
    language = runs.study.language_table()[code]
    if root is None:
        table = hub.read(DOWNLOADS, task, split, language)
        source = shown = f"{DOWNLOADS}/datasets/{task.name}"
    else:
        table = files.read(root, task, split, language)
        paths = layout.files(root, task.name, split, language)
        source = ", ".join(str(path.relative_to(root)) for path in paths)
        shown = ", ".join(map(str, paths))
    limits = runs.study.examples
    count = limits.train if split == "train" else limits.eval
    if count is not None and task is not TEXT:
        table = task_type_class(task).limited(table, count)
    return table, source, shown


def prepare_text(runs: Runs) -> None:
    """Unlabelled text of every language: files of the source, or the sentences of the study's own tasks."""
    if not runs.text_from_tasks():
        prepare(runs, TEXT.name)
        return
    folder = runs.paths.data(TEXT.name)
    folder.mkdir(parents=True, exist_ok=True)
    listed: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=folder, prefix=".preparing.") as staging:
        for split, language in runs.files(TEXT.name):
            texts = list(dict.fromkeys(_texts(runs, language)))
            if not texts:
                raise UserError(f"No task of the study has text in '{language}' to pretrain on.")
            table = pa.table({"id": [str(i) for i in range(len(texts))], "text": texts})
            target = Path(staging) / runs.paths.examples(TEXT.name, split, language).name
            source = "the sentences of the study's tasks"
            sealed = examples.write(target, TEXT, table, _provenance(runs, TEXT, split, language, source), source)
            listed[f"{split}.{language}"] = {"examples": len(texts), "fingerprint": sealed.fingerprint}
        _publish(runs, TEXT, Path(staging), listed)


def train_tokenizer(runs: Runs, model: str) -> None:
    """A vocabulary for a model that the study pretrains, or a ready-made model's own tokenizer."""
    from xstilts.data import tokenizer

    chosen = runs.study.models[model]
    if chosen.architecture is None:
        folder = runs.ready_made(model)
        _check_ready_made(runs, model, folder)
        made = tokenizer.load(folder)
    else:
        paths = [runs.paths.examples(TEXT.name, *file) for file in runs.files(TEXT.name)]
        texts = (text for path in paths for text in examples.read(path).column("text").to_pylist())
        made = tokenizer.train(texts, chosen.architecture.vocabulary_size, chosen.architecture.max_length)
    tokenizer.save(made, runs.paths.tokenizer(model))


def encode(runs: Runs, model: str, name: str) -> None:
    """Every file of a task as token ids of one model's tokenizer."""
    from xstilts.data import tokenizer
    from xstilts.data.encoding import encode_task

    data = [runs.paths.examples(name, *file) for file in runs.files(name)]
    loaded = tokenizer.load(runs.paths.tokenizer(model))
    encode_task(runs.study.task(name), runs.study.encoding_of(name), loaded, data, runs.paths.tokens(model, name))


def _check_ready_made(runs: Runs, model: str, folder: Path) -> None:
    """Whether a ready-made encoder can take what the study asks of it, which is known only once its folder is read."""
    from xstilts.encoders.storage import EncoderLimits

    limits = EncoderLimits.of(folder)
    for task in runs.study.tasks():
        length = runs.study.encoding_of(task).max_length
        if length > limits.longest_input:
            raise UserError(
                f"encoding: max_length is {length} for {task}, "
                f"but the model '{model}' takes inputs of up to {limits.longest_input} tokens."
            )
    for task in runs.targets_of(RETRIEVAL):
        layer = runs.study.embedding_of(task).layer
        if layer > limits.layers:
            raise UserError(
                f"retrieval: layer is {layer} for {task}, but the model '{model}' has {limits.layers} layers."
            )


def _root(runs: Runs) -> Path:
    source = runs.study.source
    if isinstance(source, SyntheticSource):
        return runs.paths.raw
    root = Path(source.root)
    if not root.is_dir():
        raise UserError(f"source.root: there is no folder '{root}' (looked from {Path.cwd()}). See docs/data.md.")
    return root


def _provenance(runs: Runs, task: Task, split: str, language: str, source: str) -> Provenance:
    synthetic = isinstance(runs.study.source, SyntheticSource)
    licence = "Apache-2.0 (generated)" if synthetic else task.licence
    return Provenance(task.name, split, language, source, licence, synthetic)


def _publish(runs: Runs, task: Task, staging: Path, listed: dict[str, Any]) -> None:
    """Move finished files to their place, then write the manifest that says they are complete."""
    for file in sorted(staging.iterdir()):
        file.replace(runs.paths.data(task.name) / file.name)
    synthetic = isinstance(runs.study.source, SyntheticSource)
    manifest = {"task": task.name, "format": task.type, "synthetic": synthetic, "files": listed}
    write_json(runs.paths.data_manifest(task.name), manifest)


def _texts(runs: Runs, language: str) -> Iterator[str]:
    for name in runs.study.tasks():
        for split, code in runs.files(name):
            table = examples.read(runs.paths.examples(name, split, code))
            yield from task_type_class(runs.study.task(name)).texts(table, language, code)
