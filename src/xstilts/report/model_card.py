"""The card of an encoder that a study has trained: the README.md beside its weights, in the Hugging Face Hub's form.

It follows from the study and the job's record alone, without dates or paths: the same run has the same card.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from xstilts.config.settings import Hyperparameters
from xstilts.config.sources import SyntheticSource
from xstilts.encoders import capabilities
from xstilts.graph.jobs import Job
from xstilts.graph.runs import Runs
from xstilts.report.data_table import licence_of
from xstilts.report.markdown import address, fenced, plain, table
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TEXT
from xstilts.training.collapse import collapse_reason, read_dev_outcomes
from xstilts.wording import counted

if TYPE_CHECKING:
    from transformers import PreTrainedConfig


@dataclass(frozen=True)
class TrainedEncoder:
    """An encoder that a job of a study has trained, or drawn at random.

    Attributes:
        runs: The study's jobs.
        job: The job, of pretraining or of an arm.
        run: The run's id.
        training: The record's entry on the training; None: nothing was trained.
        config: The encoder's config.
    """

    runs: Runs
    job: Job
    run: str
    training: Mapping[str, Any] | None
    config: PreTrainedConfig

    @property
    def from_random(self) -> bool:
        """Whether it started from random weights."""
        return self.job.is_pretraining or self.runs.study.arms[self.job.arm].weights == "random"

    @property
    def intermediate_tasks(self) -> tuple[str, ...]:
        """The tasks that the arm trained on."""
        return () if self.job.is_pretraining else tuple(self.runs.study.arms[self.job.arm].tasks)

    @property
    def texts(self) -> tuple[str, ...]:
        """The tasks whose text it was pretrained on in this study."""
        if not self.runs.pretrains(self.job.model) or (self.from_random and not self.job.is_pretraining):
            return ()
        return self.runs.study.tasks() if self.runs.text_from_tasks() else (TEXT.name,)

    @property
    def trained_on(self) -> dict[str, list[str]]:
        """By task, the stages that used it."""
        stages = {"pretraining": self.texts, "intermediate training": self.intermediate_tasks}
        names = dict.fromkeys((*self.texts, *self.intermediate_tasks))
        return {name: [stage for stage, tasks in stages.items() if name in tasks] for name in names}

    @property
    def hyperparameters(self) -> Hyperparameters | None:
        """Those of the last stage; None where nothing was trained."""
        study = self.runs.study
        if self.job.is_pretraining:
            return study.training.pretraining
        return study.intermediate(self.job.arm) if self.intermediate_tasks else None


def model_card(made: TrainedEncoder, zero_shot: str = "") -> str:
    """Write the card of an encoder.

    Args:
        made: The encoder.
        zero_shot: A section on its zero-shot scores, in Markdown; empty: none are known.

    Returns:
        Markdown that begins with metadata in YAML.
    """
    study, job = made.runs.study, made.job
    title = [study.study, job.model, *(["pretrained"] if job.is_pretraining else [job.arm, f"seed {job.seed}"])]
    warning = f"> **{plain(study.warning)}**" if study.warning else ""
    sections = [
        _metadata(made),
        f"# {plain(', '.join(title))}",
        warning,
        _origin(made),
        _usage(made),
        _data(made),
        _training(made),
        _dev_scores(made),
        zero_shot,
        _citations(made),
    ]
    return "\n\n".join(filter(None, sections)) + "\n"


def _metadata(made: TrainedEncoder) -> str:
    """The metadata in YAML that the Hub reads; JSON's texts and lists are also YAML's, and nothing needs quoting."""
    study, snapshot = made.runs.study, made.runs.study.models[made.job.model].snapshot
    synthetic = isinstance(study.source, SyntheticSource)
    values: dict[str, Any] = {"library_name": "transformers", "pipeline_tag": "feature-extraction", "license": "other"}
    if not synthetic:
        values["language"] = sorted({ENGLISH, *(code for name in study.targets for code in study.languages(name))})
        repositories = (part.repository for name in made.trained_on for part in study.task(name).hub)
        values["datasets"] = list(dict.fromkeys(repositories))
    if snapshot and not made.from_random:
        values |= {"base_model": snapshot.repository, "base_model_relation": "finetune"}
    stage = "intermediate-task-training" if made.intermediate_tasks else None
    values["tags"] = [tag for tag in ("xstilts", stage, "synthetic" if synthetic else None) if tag]
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value]
    return "\n".join(["---", *lines, "---"])


def _origin(made: TrainedEncoder) -> str:
    tasks = " and ".join(plain(made.runs.study.title_of(task)) for task in made.intermediate_tasks)
    if made.job.is_pretraining:
        start = f"Pretrained from random weights by masked language modelling: {_shape(made)}."
    elif made.from_random:
        start = f"Base: random weights in place of those of {_base(made)}, as a control for pretraining."
    else:
        start = f"Base: {_base(made)}."
    then = f" Then trained on {tasks}." if tasks else ""
    synthetic = isinstance(made.runs.study.source, SyntheticSource)
    languages = "" if synthetic else "The metadata name English and the languages that the study scores it in. "
    return (
        f"An encoder of the study `{made.runs.study.study}`, made by XSTILTs {version('xstilts')} in run `{made.run}`. "
        f"{start}{then}\n\n"
        f"It has no head: those of the training are not kept. {languages}Under which licence it may be passed on "
        "depends on its base and on the data below; until you have decided, the metadata say `other`."
    )


def _base(made: TrainedEncoder) -> str:
    """The model that the encoder is made from, in words."""
    name, model = made.job.model, made.runs.study.models[made.job.model]
    if model.snapshot:
        repository, commit = model.snapshot
        return f"[{plain(repository)}](https://huggingface.co/{repository}/tree/{commit}) ({_shape(made)})"
    whose = "that the study pretrained itself" if model.architecture else "from a local folder"
    return f"the model `{name}`, an encoder {whose} ({_shape(made)})"


def _shape(made: TrainedEncoder) -> str:
    layers, width = capabilities.layers(made.config), capabilities.hidden_size(made.config)
    return plain(f"{made.config.model_type}, {counted(layers, 'layer')} of width {width}")


def _usage(made: TrainedEncoder) -> str:
    auto = capabilities.auto_class(made.config)
    lines = [
        f"from transformers import {auto}, AutoTokenizer",
        "",
        'tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")',
        f'encoder = {auto}.from_pretrained("path/to/this/folder")',
    ]
    if capabilities.mask_removed(made.config):
        lines += [
            "for module in encoder.modules():  # trained without its causal mask",
            '    if hasattr(module, "is_causal"):',
            "        module.is_causal = False",
        ]
    model = made.runs.study.models[made.job.model]
    kinds = " and ".join(kind.replace("_", " ") for kind in model.prefixed)
    prefix = f"\n\nInputs of {kinds} begin with {plain(json.dumps(model.prefix))}." if model.prefix else ""
    return fenced("\n".join(lines), "python") + prefix


def _data(made: TrainedEncoder) -> str:
    """The tasks and texts that it was trained on; generated ones are described nowhere."""
    study, generated = made.runs.study, isinstance(made.runs.study.source, SyntheticSource)
    rows = [
        [
            plain(study.title_of(name)),
            ", ".join(stages),
            plain(licence_of(name, study)),
            "" if generated else address(study.task(name).homepage),
        ]
        for name, stages in made.trained_on.items()
    ]
    return f"## Data\n\n{table(['task', 'used in', 'licence', 'described at'], rows)}" if rows else ""


def _training(made: TrainedEncoder) -> str:
    """Steps, seeds and hyper-parameters of the last stage."""
    hyper, training, study = made.hyperparameters, made.training, made.runs.study
    if hyper is None or training is None:
        return ""
    restarts = training.get("restarts") or []
    pretraining = study.models[made.job.model].architecture if made.job.is_pretraining else None
    seed = pretraining.seed if pretraining else made.job.seed
    tasks = [TEXT.name] if made.job.is_pretraining else made.intermediate_tasks
    values = {
        "steps": training["steps"],
        "step of the weights": training["best_step"],
        "seed": seed,
        **({"seed of the last start": training["seed"]} if restarts else {}),
        "longest input in tokens": ", ".join(dict.fromkeys(str(study.encoding_of(task).max_length) for task in tasks)),
        **({} if pretraining else {"training examples of each task": study.arms[made.job.arm].train_examples}),
        **{f"`{key}`": value for key, value in hyper.model_dump().items()},
    }
    rows = [[name, plain(str(value))] for name, value in values.items() if value is not None]
    return f"## Training\n\n{table(['', 'value'], rows)}"


def _dev_scores(made: TrainedEncoder) -> str:
    """Scores on the English dev data of the tasks that the arm trained on."""
    rows = []
    for name, outcome in read_dev_outcomes({"training": made.training}).items():
        metrics = " + ".join(made.runs.study.task(name).primary_metrics)
        reason = f"not learnt: {reason}" if (reason := collapse_reason(outcome)) else ""
        title = plain(made.runs.study.title_of(name))
        rows.append([title, plain(metrics), f"{outcome.score:.1f}", f"{outcome.chance:.1f}", plain(reason)])
    if not rows:
        return ""
    head = ["task", "mean of", "score", "score of guessing", ""]
    note = "The weights may have been chosen on these: they are no test scores."
    return f"## Scores on English dev data\n\n{note}\n\n{table(head, rows)}"


def _citations(made: TrainedEncoder) -> str:
    if isinstance(made.runs.study.source, SyntheticSource):
        return ""
    texts = [made.runs.study.task(name).citation for name in made.trained_on]
    citations = "\n\n".join(dict.fromkeys(text.strip() for text in texts if text.strip()))
    return f"## Citations\n\n{fenced(citations, 'bibtex')}" if citations else ""
