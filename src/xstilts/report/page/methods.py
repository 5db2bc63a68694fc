"""The section on methods, in plain words that follow from the study's config."""

from __future__ import annotations

from xstilts.config.study import BASELINE, Study
from xstilts.scores.gains import is_control, own_targets, targets_of
from xstilts.wording import listed

_TESTS = (
    "One hypothesis per question, declared beforehand; its p is corrected for the number of questions with a test "
    "(Holm), all other estimates among themselves (Benjamini–Hochberg). The unit of analysis is the language or the "
    "genus. “Supported”: significant with at least three seeds, and in cross-validation better "
    "than the simpler and the null model. “Not identifiable”: this study cannot test it, which is no evidence either "
    "way."
)


def methods(study: Study) -> list[tuple[str, str]]:
    """Return the heading and the paragraph of each step."""
    steps = [("The question", _question(study)), ("Arms", _arms(study)), ("Fine-tuning", _fine_tuning(study))]
    if retrieval := _retrieval(study):
        steps.append(("Retrieval", retrieval))
    return [*steps, ("Scores", _scores(study)), ("Gains", _gains(study)), ("Tests", _TESTS)]


def _question(study: Study) -> str:
    return (
        "Does an encoder that is fine-tuned on English alone do better in other languages after training on another "
        f"English task, as in Phang et al. 2020? The benchmark is {study.suite.title} ({study.suite.source})."
    )


def _arms(study: Study) -> str:
    text = (
        f"What happens to the encoder before the target task: “{BASELINE}”, the baseline, nothing; the others train it "
        "on an English task"
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
        f"The encoder gets a new head and is fine-tuned on English training data. {selection} It is then scored in "
        "every language."
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
        "nearest neighbours."
    )


def _scores(study: Study) -> str:
    text = (
        f"{study.suite.title}’s own metrics, in points from 0 to 100; a task’s score is the unweighted mean over its "
        "languages. “Zero-shot” leaves out those that fine-tuning has examples of."
    )
    if own := own_targets(study):
        verb = "is" if len(own) == 1 else "are"
        text += f" {listed([study.title_of(target) for target in own])} {verb} not among {study.suite.title}’s targets."
    return text


def _gains(study: Study) -> str:
    seeds = "one seed" if len(study.seeds) == 1 else f"{len(study.seeds)} seeds"
    return (
        f"The arm’s score minus the baseline’s with the same seed, in points; the mean over {seeds}; none where the "
        "run has not learnt its training set."
    )
