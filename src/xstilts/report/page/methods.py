"""How the numbers came about, in plain words that follow from the study's config."""

from __future__ import annotations

from xstilts.config.study import BASELINE, Study
from xstilts.report.page.view import listed
from xstilts.scores.gains import is_control, targets_of
from xstilts.wording import counted


def methods(study: Study) -> list[tuple[str, str]]:
    """A heading and a paragraph for each step."""
    steps = [("The question", _question(study)), ("Arms", _arms(study)), ("Fine-tuning", _fine_tuning(study))]
    if retrieval := _retrieval(study):
        steps.append(("Retrieval", retrieval))
    return [*steps, ("Scores", _SCORES), ("Gains", _gains(study)), ("Tests", _TESTS)]


_SCORES = (
    "Each target is scored with the metrics of XTREME’s own evaluation, in points from 0 to 100. A task’s score is the "
    "unweighted mean over its languages, English included; “zero-shot” leaves English out. Where the release’s test "
    "labels are not public, predictions are made and nothing is scored."
)
_TESTS = (
    "Each question has one hypothesis that was declared beforehand; its p-value is corrected for the number of "
    "questions that have a test (Holm). All other estimates of a question are exploratory, and corrected among "
    "themselves (Benjamini–Hochberg). Languages of one genus are not independent, nor are the seeds and targets of one "
    "language: the unit is the language or the genus, never the single score. Where a study cannot tell, the verdict "
    "is “not identifiable”; that is no evidence for or against the hypothesis. Nothing that is missing is filled in."
)


def _question(study: Study) -> str:
    return (
        "A multilingual encoder that is fine-tuned on English data alone can be applied to other languages. Does it do "
        "better there if it is first trained on another English task, the intermediate task? The study compares "
        f"{counted(len(study.arms), 'arm')} on {counted(len(study.targets), 'target task')}, after Phang et al. 2020 "
        "and the benchmark XTREME (Hu et al. 2020)."
    )


def _arms(study: Study) -> str:
    text = (
        f"An arm is what happens to the encoder between pretraining and the target task. “{BASELINE}”, the baseline, "
        "leaves it as it is; the others train it on one or several English tasks"
    )
    sizes = [len(arm.tasks) for arm in study.arms.values()]
    if max(sizes, default=0) > 1:
        text += ", several being mixed in proportion to their size"
    if controls := [arm for arm in study.arms if is_control(arm, study)]:
        starts = "starts from random weights and shows" if len(controls) == 1 else "start from random weights and show"
        text += f". {listed([f'“{arm}”' for arm in controls])} {starts} what pretraining is worth"
    return text + "."


def _fine_tuning(study: Study) -> str:
    trained = study.training_sets()
    if not trained:
        return "No target of this study needs fine-tuning."
    kept = {study.target(name).selection for name in trained}
    if kept == {"best"}:
        selection = "The weights with the best score on English dev data are kept."
    elif kept == {"last"}:
        selection = "The weights of the last step are kept."
    else:
        selection = "Kept are the best weights on English dev data or the last ones, as the config says by task."
    shared = [t for t in targets_of(study) if study.task(t).trained_on not in (None, t)]
    text = (
        "The encoder gets a new head and is fine-tuned on the English training data of the target. "
        f"{selection} It is then scored in every language; no labelled example in another language than English is "
        "used for training or selection."
    )
    if shared:
        sets = listed(list(dict.fromkeys(study.task(str(study.task(t).trained_on)).title for t in shared)))
        titles = listed([study.title_of(t) for t in shared])
        own = "has no training data of its own" if len(shared) == 1 else "have no training data of their own"
        text += f" {titles} {own}: {sets} serves."
    return text


def _retrieval(study: Study) -> str:
    tasks = [target for target in targets_of(study) if study.task(target).type == "retrieval"]
    if not tasks:
        return ""
    layers = listed(list(dict.fromkeys(str(study.embedding_of(task).layer) for task in tasks)))
    need = "needs" if len(tasks) == 1 else "need"
    return (
        f"{listed([study.title_of(task) for task in tasks])} {need} no fine-tuning: sentences become vectors (hidden "
        f"states of layer {layers} of the encoder as the arm left it), and a sentence’s translation is looked for "
        "among its nearest neighbours. Gains there are of another size than elsewhere, and are shown apart."
    )


def _gains(study: Study) -> str:
    count = len(study.seeds)
    over = "one seed, so that the spread between seeds is not known" if count == 1 else f"{count} seeds"
    return (
        "A gain is the arm’s score less the baseline’s with the same seed, in points; positive is better. "
        f"Shown are means over seeds ({over}); where an arm lacks seeds, the number is marked."
        + " A run that has learnt nothing, where another seed has, is left out and listed as missing."
        * (count > 1)
    )
