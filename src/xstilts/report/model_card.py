"""The card of an encoder that a study has trained: the README.md beside its weights, in the Hugging Face Hub's form.

It follows from the study and the job's record alone, without dates or paths: the same run has the same card.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from xstilts.config.factors import Stage
from xstilts.config.settings import Hyperparameters
from xstilts.config.sources import SyntheticSource
from xstilts.encoders import capabilities
from xstilts.encoders.lm_head import OWN_HEAD
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
        if self.job.is_pretraining:
            return self.runs.study.models[self.job.model].continues is None
        return self.runs.study.arms[self.job.arm].weights == "random"

    @property
    def intermediate_tasks(self) -> tuple[str, ...]:
        """The tasks that the arm trained on."""
        return () if self.job.is_pretraining else self.runs.study.arms[self.job.arm].all_tasks

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that it was pretrained on in this study, or the tasks that they come from."""
        if self.from_random and not self.job.is_pretraining:
            return ()
        models = filter(self.runs.pretrains, (self.job.model, *self.runs.ancestors(self.job.model)))
        return tuple(dict.fromkeys(self._origins(map(self.runs.pretraining_text, models))))

    def _origins(self, texts: Iterable[str]) -> Iterator[str]:
        """Iterate over texts, or the tasks that the study's own text is made of."""
        for text in texts:
            from_tasks = text == TEXT.name and self.runs.text_from_tasks()
            yield from self.runs.study.tasks() if from_tasks else (text,)

    @property
    def intermediate_texts(self) -> tuple[str, ...]:
        """The texts that the arm trained on, or the tasks that they come from."""
        return () if self.job.is_pretraining else tuple(self._origins(self.runs.study.arms[self.job.arm].texts))

    @property
    def trained_on(self) -> dict[str, list[str]]:
        """By task, the stages that used it."""
        intermediate = (*self.intermediate_tasks, *self.intermediate_texts)
        stages = {"pretraining": self.texts, "intermediate training": intermediate}
        names = dict.fromkeys((*self.texts, *intermediate))
        return {name: [stage for stage, tasks in stages.items() if name in tasks] for name in names}

    @property
    def hyperparameters(self) -> Sequence[Hyperparameters]:
        """Those of each training that it went through in the job."""
        study = self.runs.study
        return [study.pretraining(self.job.model)] if self.job.is_pretraining else study.intermediate(self.job.arm)


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
    study = made.runs.study
    snapshot = study.models[(made.job.model, *made.runs.ancestors(made.job.model))[-1]].snapshot
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
    continues = made.runs.study.models[job.model].continues if (job := made.job).is_pretraining else None
    if continues:
        text = plain(made.runs.study.title_of(continues.task))
        start = f"Base: {_base(made, continues.parent)}. Pretrained further by masked language modelling on {text}."
    elif made.job.is_pretraining:
        start = f"Pretrained from random weights by masked language modelling: {_shape(made)}."
    elif made.from_random:
        start = f"Base: random weights in place of those of {_base(made)}, as a control for pretraining."
    else:
        start = f"Base: {_base(made)}."
    texts = " and ".join(plain(made.runs.study.title_of(text)) for text in made.intermediate_texts)
    what = " and ".join(filter(None, [tasks, texts and f"by masked language modelling on {texts}"]))
    then = f" Then trained on {what}." if what else ""
    synthetic = isinstance(made.runs.study.source, SyntheticSource)
    head = "It has no head: those of the training are not kept."
    if made.job.is_pretraining:
        head = f"Its head for masked language modelling is in `{OWN_HEAD}`."
    languages = "" if synthetic else "The metadata name English and the languages that the study scores it in. "
    return (
        f"An encoder of the study `{made.runs.study.study}`, made by XSTILTs {version('xstilts')} in run `{made.run}`. "
        f"{start}{then}\n\n"
        f"{head} {languages}Under which licence it may be passed on "
        "depends on its base and on the data below; until you have decided, the metadata say `other`."
    )


def _base(made: TrainedEncoder, parent: str = "") -> str:
    """The model that the encoder is made from, in words: that of the job, or the one that it continues."""
    name = parent or made.job.model
    model = made.runs.study.models[name]
    if model.snapshot:
        repository, commit = model.snapshot
        return f"[{plain(repository)}](https://huggingface.co/{repository}/tree/{commit}) ({_shape(made)})"
    whose = "that the study pretrained itself" if made.runs.pretrains(name) else "from a local folder"
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
    """Steps, seeds and hyper-parameters of each stage."""
    hypers, training = made.hyperparameters, made.training
    if not hypers or training is None:
        return ""
    stages: Sequence[Stage | None] = [None] if made.job.is_pretraining else made.runs.study.arms[made.job.arm].sequence
    entries = training.get("stages") or [training]
    columns = [_values(made, *column) for column in zip(stages, hypers, entries, strict=True)]
    rows = [
        [name, *(plain(str("" if column.get(name) is None else column[name])) for column in columns)]
        for name in dict.fromkeys(name for column in columns for name in column)
        if any(column.get(name) is not None for column in columns)
    ]
    head = ["value"] if len(columns) == 1 else [f"stage {number + 1}" for number in range(len(columns))]
    return f"## Training\n\n{table(['', *head], rows)}"


def _values(
    made: TrainedEncoder, stage: Stage | None, hyper: Hyperparameters, training: Mapping[str, Any]
) -> dict[str, Any]:
    """What the table has about a training: a stage of an arm, or pretraining; None where there is nothing to say."""
    study = made.runs.study
    tasks = [*stage.tasks, *([stage.masked_lm.task] if stage.masked_lm else [])] if stage else [TEXT.name]
    return {
        "trained on": ", ".join(tasks) if stage and len(made.hyperparameters) > 1 else None,
        "share of the steps on text": stage.text_share or None if stage else None,
        "loss on held-out text at the end": curve[-1].get("masked_lm_loss")
        if (curve := training.get("curve"))
        else None,
        "steps": training["steps"],
        "step of the weights": training["best_step"],
        "seed": _seed(made),
        "seed of the last start": training["seed"] if training.get("restarts") else None,
        "longest input in tokens": ", ".join(dict.fromkeys(str(study.encoding_of(task).max_length) for task in tasks)),
        "training examples of each task": stage.train_examples if stage else None,
        "chosen": stage.choose.how if stage and stage.choose.how != "random" else None,
        "languages": ", ".join(stage.languages) if stage and stage.languages != [ENGLISH] else None,
        "steps are those of": "the whole task" if stage and stage.steps == "fixed" else None,
        **{f"`{key}`": value for key, value in hyper.model_dump().items()},
    }


def _seed(made: TrainedEncoder) -> int:
    model = made.runs.study.models[made.job.model]
    pretraining = model.architecture or model.continues
    return pretraining.seed if made.job.is_pretraining and pretraining else made.job.seed


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
