"""What a new study consists of: arms and targets of the published studies, with the protocol's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xstilts.config.shipped import shipped_study
from xstilts.drafts.encoder import Encoder
from xstilts.drafts.own import Declared, declared
from xstilts.encoders.usual import is_large, usual_layer, usual_rate
from xstilts.errors import UserError
from xstilts.tasks.benchmarks import BENCHMARKS
from xstilts.tasks.registry import TASKS
from xstilts.tasks.task import Task

Config = dict[str, Any]

#: By number, the study that poses a question, what it asks, and what its answer needs.
QUESTIONS = {
    1: ("q1_typology", "do gains depend on typological distance?", "25 languages beside English, of several genera"),
    2: ("q2_code", "does pretraining on code matter?", "models of one vocabulary, one of them trained on code"),
    3: ("q3_domain", "does the similarity of domains matter?", "six intermediate tasks and six targets"),
    4: ("q4_size_diversity", "do size and diversity matter?", "four sizes of each of two intermediate tasks"),
    5: (
        "q5_xtreme_r",
        "does semantic similarity predict gains?",
        "three arms, two targets, six languages of five genera",
    ),
}
_ARMS = ("none", "mnli", "squad_v1")  # without questions and tasks; with the targets of question 2's study
_PROTOCOL = "phang2020"


@dataclass(frozen=True)
class Wanted:
    """What ``xstilts init`` was asked for.

    Attributes:
        name: The study's name.
        source: files or hub.
        root: The data folder.
        encoder: The encoder.
        questions: Numbers of the questions to pose.
        tasks: By name, the type of own tasks; of built-in ones nothing.
    """

    name: str
    source: str
    root: str
    encoder: Encoder
    questions: tuple[int, ...] = ()
    tasks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Content:
    """A study's config, and what there is to say of it.

    Attributes:
        config: The config.
        notes: By path of a key, what its comment says.
        left_out: Tasks and languages that the source does not have, as sentences.
        own: The declarations of own tasks.
    """

    config: Config
    notes: dict[str, str]
    left_out: list[str]
    own: dict[str, Declared]


def content_of(wanted: Wanted) -> Content:
    """The study that is asked for.

    Raises:
        UserError: An own task cannot be declared, or there is no target.
    """
    posed = [shipped_study(QUESTIONS[number][0]) for number in wanted.questions]
    own = {name: declared(name, kind, Path(wanted.root)) for name, kind in wanted.tasks.items() if kind}
    config: Config = {"study": wanted.name, "source": {"kind": wanted.source, "root": wanted.root, "missing": "skip"}}
    config |= _together(posed, "benchmark")
    config["models"] = _models(wanted.encoder, posed)
    config["seeds"] = [1, 2, 3]
    config |= _together(posed, "text")
    if own:
        config["tasks"] = {name: task.section for name, task in own.items()}
    arms, targets = _arms_and_targets(wanted, posed, own)
    config |= {"arms": arms, "targets": targets}
    left_out = _fit_to_hub(config) if wanted.source == "hub" else []
    if not config["targets"]:
        raise UserError(f"--tasks: none of {', '.join(wanted.tasks)} can be a target; name one that can, such as xnli.")
    notes = _protocol(config, wanted.encoder, posed)
    return Content(config, notes, left_out, own)


def _together(studies: Sequence[Config], key: str) -> Config:
    """What studies have under a key, as a part of a config; empty where none has it."""
    values = [study[key] for study in studies if key in study]
    if not values:
        return {}
    return {key: {name: part for value in values for name, part in value.items()} if key == "text" else values[-1]}


def _models(encoder: Encoder, posed: Sequence[Config]) -> Config:
    """The encoder, and those that question 2 trains further from it."""
    models: Config = {encoder.name: {"path": encoder.path}}
    for study in posed:
        for name, model in study["models"].items():
            if "continue" in model:
                models[name] = {**model, "continue": {**model["continue"], "from": encoder.name}}
    return models


def _arms_and_targets(wanted: Wanted, posed: Sequence[Config], own: Mapping[str, Declared]) -> tuple[Config, Config]:
    arms: Config = {"none": None}
    targets: Config = {}
    for study in posed:
        arms |= study["arms"]
        targets |= study["targets"]
    for name, kind in wanted.tasks.items():
        if own[name].trains if kind else TASKS[name].trains and not TASKS[name].is_target:
            arms[name] = {"tasks": [name]}
        if kind or TASKS[name].is_target:
            targets[name] = None
    if not (posed or wanted.tasks):
        arms |= {name: {"tasks": [name]} for name in _ARMS[1:]}
        targets |= shipped_study(QUESTIONS[2][0])["targets"]
    return arms, targets


def _fit_to_hub(config: Config) -> list[str]:
    """Leave out what the Hub does not have, in place; returns what that was."""
    said, suite = [], BENCHMARKS[config.get("benchmark", "xtreme")]
    for name in filter(_is_not_on_hub, list(config["targets"])):
        said.append(f"target {name}: it is not on the Hub")
        del config["targets"][name]
    for name, arm in list(config["arms"].items()):
        if any(map(_is_not_on_hub, (arm or {}).get("tasks", ()))):
            said.append(f"arm {name}: its data is not on the Hub")
            del config["arms"][name]
        elif [code for code in (arm or {}).get("languages", ()) if code != "en"]:
            said.append(f"arm {name}: the Hub has no translated training data")
            del config["arms"][name]
    for name in config["targets"]:
        task = suite.task(TASKS[name]) if name in TASKS else None
        without = sorted({*task.hub_lacks, *task.hub_mixed_up} & {*task.languages}) if task else []
        if task and without:
            config["targets"][name] = {"languages": [code for code in task.languages if code not in without]}
            said.append(f"languages {', '.join(without)} of {name}: the Hub's copy lacks them or mixes others in")
    return said


def _is_not_on_hub(name: str) -> bool:
    return name in TASKS and not TASKS[name].hub


def _protocol(config: Config, encoder: Encoder, posed: Sequence[Config]) -> dict[str, str]:
    """Add the protocol's settings for this encoder and these tasks, in place; returns comments on them."""
    published = [shipped_study(_PROTOCOL), *posed]
    tasks = {name for arm in config["arms"].values() for name in (arm or {}).get("tasks", ())} | {*config["targets"]}
    trained_on = {TASKS[name].trained_on or "" if name in TASKS else name for name in config["targets"]}
    training = {stage: dict(published[0]["training"][stage]) for stage in ("intermediate", "target")}
    used = {"intermediate": tasks, "target": trained_on}
    for stage, settings in training.items():
        of_tasks = [study["training"].get(stage, {}).get("tasks", {}) for study in published]
        settings["learning_rate"] = usual_rate(encoder.size)
        settings["tasks"] = {name: part for one in of_tasks[::-1] for name, part in one.items() if name in used[stage]}
        if not settings["tasks"]:
            del settings["tasks"]
    if len(config["arms"]) == 1:
        del training["intermediate"]
    config["training"] = training
    config["encoding"] = _encoding(published, tasks | trained_on, encoder)
    if any(_is_retrieval(config, name) for name in config["targets"]):
        config["retrieval"] = {**published[0]["retrieval"], "layer": usual_layer(encoder.size.layers)}
    config["compute"] = dict(published[0]["compute"])
    return _notes(config, encoder)


def _encoding(published: Sequence[Config], tasks: set[str], encoder: Encoder) -> Config:
    """Lengths and strides of the protocol, no longer than the encoder takes."""
    whole = {key: value for key, value in published[0]["encoding"].items() if key != "tasks"}
    of_tasks = {name: dict(part) for study in published[::-1] for name, part in study["encoding"]["tasks"].items()}
    settings = {"": whole, **{name: part for name, part in of_tasks.items() if name in tasks}}
    limit = encoder.size.longest_input
    for part in settings.values():
        if limit is not None and part.get("max_length", 0) > limit:
            part["max_length"] = limit
    if (room := whole["max_length"]) <= whole["max_query_length"] + whole["doc_stride"] // 4:
        whole |= {"max_query_length": room // 4, "doc_stride": room // 4}
    length = whole["max_length"]
    own = {name: part for name, part in settings.items() if name and part != {"max_length": length}}
    return {**whole, "tasks": own} if own else whole


def _is_retrieval(config: Config, name: str) -> bool:
    task: Task | None = TASKS.get(name)
    return task.type == "retrieval" if task else config["tasks"][name]["type"] == "retrieval"


def _notes(config: Config, encoder: Encoder) -> dict[str, str]:
    protocol = "as published for XLM-R Large"
    rate = protocol if is_large(encoder.size) else "an encoder this narrow learns little at the published 1.0e-5"
    layers = encoder.size.layers
    layer = f"of {layers}; the paper's is 14 of 24" if layers else "the paper's for XLM-R Large, which has 24 layers"
    notes = {
        "source.missing": "a target's language without a file is left out and shown as missing; 'error' stops there",
        f"models.{encoder.name}": encoder.about,
        "seeds": "every cell is run once per seed",
        "arms.none": "the baseline that gains are measured against",
        "training.intermediate.learning_rate": rate,
        "training.target.learning_rate": rate,
        "training.intermediate.micro_batch_size": "examples per forward pass; null: all, or what memory holds",
        "training.target.micro_batch_size": "as above",
        "retrieval.layer": layer,
        "compute.precision": "'auto' takes bfloat16 where the GPU has it; the paper's scripts train in float32",
    }
    return {path: note for path, note in notes.items() if note and _has(config, path)}


def _has(config: Config, path: str) -> bool:
    section: Any = config
    for key in path.split("."):
        if not isinstance(section, dict) or key not in section:
            return False
        section = section[key]
    return True
