"""A section on methods as a paper has it, in Pandoc's Markdown, from a study's config and its jobs' records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from xstilts.config.study import BASELINE, Study
from xstilts.report.paper.references import References
from xstilts.report.paper.values import input_lengths, selection, trainings
from xstilts.scores.gains import arms_of, is_control, targets_of
from xstilts.scores.labels import arm_label
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, listed

_PACKAGES = {"torch": "PyTorch", "transformers": "transformers"}


def methods_section(study: Study, records: Sequence[Mapping[str, Any]], references: References) -> str:
    """Write the section; whatever it cites is added to the references.

    Args:
        study: The study.
        records: Its jobs' records, from which the software's versions and the hardware are.
        references: The references so far.
    """
    parts = {
        "Design": _design(study, references),
        "Data": _data(study, references),
        "Training": _training(study, references),
        "Evaluation": _evaluation(study, references),
        "Software": _software(records, references),
    }
    warning = f"> {study.warning}\n\n" if study.warning else ""
    return f"# Methods\n\n{warning}" + "\n\n".join(f"**{title}.** {text}" for title, text in parts.items()) + "\n"


def _design(study: Study, references: References) -> str:
    arms = [arm for arm in arms_of(study) if arm != BASELINE]
    told = {arm_label(arm, study): _arm(study, arm, references) for arm in arms}
    described = "; ".join(
        text if text == label or text.startswith(f"{label} [") else f"{label}: {text}" for label, text in told.items()
    )
    seeds = f"seed{'s' * (len(study.seeds) > 1)} {listed([str(seed) for seed in study.seeds])}"
    return (
        f"We follow the design of intermediate-task training for zero-shot cross-lingual transfer "
        f"{references.to('phang2020')}: an encoder is trained on an intermediate task, then fine-tuned on the English "
        f"training data of a target task, and scored in other languages. {_encoders(study, references)} "
        f"We compare {counted(len(arms), 'arm')} with the unchanged encoder ({described}). Every cell is run with "
        f"{seeds}."
    )


def _encoders(study: Study, references: References) -> str:
    """Name each encoder and where it is from."""
    told = []
    for name, model in study.models.items():
        if model.snapshot:
            told.append(f"{model.snapshot.repository} {references.to_snapshot(model)}")
        elif shape := model.architecture:
            told.append(
                f"{name}, an encoder of XLM-R's architecture {references.to('xlm-roberta')}, pretrained from random "
                f"weights ({counted(shape.layers, 'layer')}, {counted(shape.hidden_size, 'unit')})"
            )
        elif model.continues:
            told.append(f"{name}, which is {model.continues.parent} pretrained further")
        else:
            told.append(f"{name}, a ready-made encoder")
            references.lacking.append(f"the encoder '{name}' (models.{name})")
    return f"The {'encoder is' if len(told) == 1 else 'encoders are'} {listed(told)}."


def _arm(study: Study, arm: str, references: References) -> str:
    stages = []
    for stage in study.arms[arm].sequence:
        tasks = listed([references.to_task(task) for task in stage.tasks])
        mixed = ", mixed in proportion to their size" if stage.mixing == "size" else ", mixed"
        text = "masked language modelling on text" if stage.masked_lm else ""
        told = " beside ".join(filter(None, [tasks + mixed * (len(stage.tasks) > 1), text]))
        if stage.train_examples:
            told = f"{counted(stage.train_examples, 'example')} of {told}"
        others = [code for code in stage.languages if code != ENGLISH]
        stages.append(told + f" in {listed(stage.languages)}" * bool(others))
    start = "random weights" if is_control(arm, study) else ""
    return ", then ".join(filter(None, [start, *stages]))


def _data(study: Study, references: References) -> str:
    if study.source.kind == "synthetic":
        told = "All data is generated, in synthetic languages, in the file formats of the tasks it is named after"
    else:
        told = "Training data is English"
    targets = [
        f"{references.to_task(target)} ({counted(len(study.languages(target)), 'language')}"
        + (f", fine-tuned on {references.to_task(shared)}" if (shared := _shared(study, target)) else "")
        + ")"
        for target in targets_of(study)
    ]
    few = [study.title_of(target) for target in targets_of(study) if study.taught(target) != {ENGLISH}]
    taught = f" The fine-tuning for {listed(few)} also has examples in other languages." if few else ""
    suite = f" {references.to(study.benchmark)}" if study.source.kind != "synthetic" else ""
    return f"{told}. The targets are {listed(targets)}, scored as in {study.suite.title}{suite}.{taught}"


def _shared(study: Study, target: str) -> str:
    training_set = study.task(target).trained_on
    return training_set if training_set and training_set != target else ""


def _training(study: Study, references: References) -> str:
    """The hyper-parameters of both stages."""
    of_arms = [(arm_label(arm, study), hyper) for arm in arms_of(study) for hyper in study.intermediate(arm)]
    of_targets = [(study.title_of(task), study.target(task)) for task in study.training_sets()]
    used = [hyper for _, hyper in (*of_arms, *of_targets)]
    if not used:
        return input_lengths(study)
    return " ".join(
        [
            f"We optimise with AdamW {references.to('adamw')}.",
            *trainings({"Intermediate training": of_arms, "Fine-tuning": of_targets}),
            *([f"LoRA {references.to('lora')} trains an adapter."] if any(hyper.lora for hyper in used) else []),
            selection(used),
            input_lengths(study),
        ]
    )


def _evaluation(study: Study, references: References) -> str:
    count = len(study.seeds)
    between = "one seed, so that the variation between seeds is not estimated" if count == 1 else f"{count} seeds"
    splits = f"{listed(study.splits)} split{'s' * (len(study.splits) > 1)}"
    return (
        f"Scores are those of the {splits}, in points. A gain is the arm's score minus that of the unchanged encoder "
        f"with the same seed; means are over languages and {between}. Zero-shot means leave out the languages that "
        "fine-tuning has examples of. Intervals are 95 % bootstrap intervals over languages and seeds. Cells are "
        "compared in paired tests on the same examples, with the false discovery rate controlled "
        f"{references.to('false_discovery')}. Runs that have not learnt their training set are reported and left out "
        "of means."
    )


def _software(records: Sequence[Mapping[str, Any]], references: References) -> str:
    ours = version("xstilts")
    told = [f"XSTILTs {ours} {references.to_software(ours)} on Snakemake {references.to('snakemake')}"]
    for package, name in _PACKAGES.items():
        told.append(" ".join(filter(None, [name, _recorded(records, "software", package), references.to(package)])))
    devices, precision = (_recorded(records, "hardware", name) for name in ("device", "precision"))
    where = f"; jobs ran on {devices} in {precision}" if devices else ""
    return f"{listed(told)}{where}."


def _recorded(records: Sequence[Mapping[str, Any]], part: str, name: str) -> str:
    """Every value that a part of the records has of something, in a sentence; empty where none has it."""
    return listed(sorted({str(record[part][name]) for record in records if name in record.get(part, {})}))
