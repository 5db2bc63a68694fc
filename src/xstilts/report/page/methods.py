"""The section on methods, in plain words that follow from the study's config."""

from __future__ import annotations

from xstilts.config.study import BASELINE, Study
from xstilts.scores.gains import is_control, own_targets, targets_of
from xstilts.wording import counted, listed

_TESTS = (
    "Each question has one hypothesis that was declared beforehand; its p-value is corrected for the number of "
    "questions with a test (Holm). All other estimates of a question are exploratory and corrected among themselves "
    "(Benjamini–Hochberg). Languages of one genus are not independent, nor are the seeds and targets of one language: "
    "the unit of analysis is the language or the genus, never the single score. A hypothesis is “supported” if its "
    "test is significant in at least three seeds, and if, in cross-validation, it predicts better than the simpler and "
    "the null model; with fewer seeds the verdict is “not enough seeds”. If the study cannot test a hypothesis, the "
    "verdict is “not identifiable”, which is no evidence for or against it. Missing scores are never imputed."
)


def methods(study: Study) -> list[tuple[str, str]]:
    """Return the heading and the paragraph of each step."""
    steps = [("The question", _question(study)), ("Arms", _arms(study)), ("Fine-tuning", _fine_tuning(study))]
    if retrieval := _retrieval(study):
        steps.append(("Retrieval", retrieval))
    return [*steps, ("Scores", _scores(study)), ("Gains", _gains(study)), ("Tests", _TESTS)]


def _question(study: Study) -> str:
    return (
        "A multilingual encoder that is fine-tuned on English data alone can be applied to other languages. Does it "
        "transfer better if it is first trained on another English task, the intermediate task? The study compares "
        f"{counted(len(study.arms), 'arm')} on {counted(len(study.targets), 'target task')}, after Phang et al. 2020 "
        f"and the benchmark {study.suite.title} ({study.suite.source})."
    )


def _arms(study: Study) -> str:
    text = (
        f"An arm is what happens to the encoder between pretraining and the target task. “{BASELINE}”, the baseline, "
        "leaves it unchanged; the others train it on an English task"
    )
    mixtures = [stage for arm in study.arms.values() for stage in arm.sequence if len(stage.tasks) > 1]
    if mixtures:
        by_size = all(stage.mixing == "size" for stage in mixtures)
        text += ", or on several mixed" + " in proportion to their size" * by_size
    if any(arm.texts for arm in study.arms.values()):
        text += ", or on text by masked language modelling"
    if any(len(arm.sequence) > 1 for arm in study.arms.values()):
        text += ", or on several one after another"
    if controls := [arm for arm in study.arms if is_control(arm, study)]:
        verbs = "starts from random weights and shows" if len(controls) == 1 else "start from random weights and show"
        text += f". {listed([f'“{arm}”' for arm in controls])} {verbs} what pretraining contributes"
    if adapted := [arm for arm in study.arms if study.stores_adapter(arm)]:
        verb = "trains" if len(adapted) == 1 else "train"
        text += (
            f". {listed([f'“{arm}”' for arm in adapted])} {verb} an adapter (LoRA) in place of the encoder’s weights"
        )
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
        selection = "The best weights on English dev data or those of the last step are kept, as the config says."
    text = (
        "The encoder gets a new head and is fine-tuned on the English training data of the target. "
        f"{selection} It is then scored in every language; no labelled example in another language than English is "
        "used for training or selection."
    )
    if shared := [target for target in targets_of(study) if study.task(target).trained_on not in (None, target)]:
        titles = listed([study.title_of(target) for target in shared])
        sets = listed(list(dict.fromkeys(study.title_of(str(study.task(target).trained_on)) for target in shared)))
        text += f" The training data for {titles} is that of {sets}."
    if adapted := [study.title_of(name) for name in trained if study.target(name).lora]:
        text += f" On {listed(adapted)}, an adapter (LoRA) is trained in place of the encoder’s weights."
    return text


def _retrieval(study: Study) -> str:
    tasks = [target for target in targets_of(study) if study.task(target).type == "retrieval"]
    if not tasks:
        return ""
    layers = listed(list(dict.fromkeys(str(study.embedding_of(task).layer) for task in tasks)))
    verb = "needs" if len(tasks) == 1 else "need"
    return (
        f"{listed([study.title_of(task) for task in tasks])} {verb} no fine-tuning: sentences are embedded (hidden "
        f"states of layer {layers} of the arm’s encoder), and the translation of a sentence is searched for among its "
        "nearest neighbours. Gains on retrieval differ in size from those on other tasks and are shown separately."
    )


def _scores(study: Study) -> str:
    text = (
        f"{study.suite.title}’s targets are scored with the metrics of its own evaluation, in points from 0 to 100. A "
        "task’s score is the unweighted mean over its languages, English included; “zero-shot” leaves out English and "
        "any other language that is trained on. If "
        "the release’s test labels are not public, predictions are made and nothing is scored."
    )
    if own := own_targets(study):
        verb = "is" if len(own) == 1 else "are"
        text += f" {listed([study.title_of(target) for target in own])} {verb} not among {study.suite.title}’s targets."
    return text


def _gains(study: Study) -> str:
    count = len(study.seeds)
    seeds = "one seed, so the spread between seeds is not known" if count == 1 else f"{count} seeds"
    excluded = " A run that has not learnt its training set scores like guessing: it is excluded and listed as missing."
    return (
        "A gain is the arm’s score minus the baseline’s with the same seed, in points; positive is better. "
        f"Values are means over seeds ({seeds}); a value that lacks seeds is marked." + excluded
    )
