"""What a study does with unlabelled text, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from xstilts.config.factors import Arm, Model
from xstilts.config.text import OWN_TEXT, Corpus, TextUse
from xstilts.errors import did_you_mean


def uses_of_text(models: Mapping[str, Model], arms: Mapping[str, Arm]) -> dict[str, TextUse]:
    """What models and arms do with unlabelled text, by key."""
    uses: dict[str, TextUse] = {
        f"models.{name}.continue": model.continues for name, model in models.items() if model.continues
    }
    for name, arm in arms.items():
        for number, stage in enumerate(arm.sequence):
            within = f"stages.{number}." if arm.stages else ""
            uses |= {f"arms.{name}.{within}masked_lm": stage.masked_lm} if stage.masked_lm else {}
    return uses


def problem_of_texts(
    corpora: Mapping[str, Corpus],
    uses: Mapping[str, TextUse],
    languages: Iterable[str],
    languages_of: Callable[[str], tuple[str, ...]],
) -> str:
    """What is wrong with corpora or their uses, after the key; empty where nothing is.

    Args:
        corpora: The study's corpora by name.
        uses: Their uses by key.
        languages: The languages that the study knows.
        languages_of: Returns those of a text, given the name of its files.
    """
    known = list(languages)
    for name, corpus in corpora.items():
        for code in corpus.languages:
            if code not in known:
                return (
                    f"text.{name}.languages: there is no language '{code}'. {did_you_mean(code, known)} To add it, "
                    "describe it under 'languages'"
                )
    for key, use in uses.items():
        if use.text not in (OWN_TEXT, *corpora):
            return f"{key}.text: there is no text '{use.text}'. {did_you_mean(use.text, [OWN_TEXT, *corpora])}"
        valid = languages_of(use.task)
        if absent := [code for code in use.languages or () if code not in valid]:
            return f"{key}.languages: text '{use.text}' has no '{absent[0]}', only {', '.join(valid)}"
    return ""


def problem_of_continuations(models: Mapping[str, Model]) -> str:
    """What is wrong with the models that continue others, after the key; empty where nothing is."""
    for name in models:
        line = [name]
        while continues := models[line[-1]].continues:
            key = f"models.{line[-1]}.continue.from"
            if continues.parent not in models:
                others = [other for other in models if other != line[-1]]
                return f"{key}: there is no model '{continues.parent}'. {did_you_mean(continues.parent, others)}"
            if continues.parent in line:
                return f"{key}: goes in a circle, {' from '.join([*line, continues.parent])}"
            line.append(continues.parent)
    return ""
