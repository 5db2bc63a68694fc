"""What a study has translated: whether it can be, and whether its models can do it. Imports no transformers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xstilts.atomic import read_object
from xstilts.checks.findings import Finding
from xstilts.checks.limits import PREFETCH
from xstilts.config.training_data import trainings
from xstilts.config.translation import Translation
from xstilts.encoders.weights import weights_file
from xstilts.errors import UserError
from xstilts.graph.paths import TRANSLATORS
from xstilts.graph.runs import Runs
from xstilts.translation.languages import language_tokens, token_of

#: Types of tasks that are not translated, and why.
_REFUSED = {
    "tagging": "a translation has other words in another order, and nothing says which tag belongs to which",
    "dual_encoder": "its texts can mark a mention in a sentence, and a translation would lose the marks",
}


def findings(runs: Runs) -> Iterator[Finding]:
    """Iterate over what is wrong with the translations that a study needs, as far as files tell."""
    study = runs.study
    if (translation := study.translation) is None:
        return
    for code in {**translation.models, **translation.language_codes}:
        if code not in study.language_table():
            yield Finding("translation", f"there is no language '{code}'. To add it, describe it under 'languages'.")
    if not study.translated:
        yield Finding(
            "translation",
            "nothing is translated: no arm or target trains on a language that its data does not have. Leave it out, "
            "or list languages under arms.{name}.languages.",
            warning=True,
        )
    for task, codes in study.translated.items():
        if reason := _REFUSED.get(study.task(task).type):
            yield Finding(
                _asked_by(runs, task, codes[0]),
                f"{study.title_of(task)} has no training data in '{codes[0]}', and is not translated: {reason}. Put "
                f"files below translated/{codes[0]}/, or choose another task.",
            )
    for code in dict.fromkeys(code for codes in study.translated.values() for code in codes):
        yield from _of_language(runs, translation, code)


def _asked_by(runs: Runs, task: str, code: str) -> str:
    """The key that asks for a task's training data in a language."""
    of_arms = (
        f"{key}.languages" for stage, key in trainings(runs.study) if task in stage.tasks and code in stage.languages
    )
    of_targets = (
        f"targets.{name}.train_languages"
        for name, target in runs.study.targets.items()
        if code in target.train_languages
    )
    return next(of_arms, None) or next(of_targets)


def _of_language(runs: Runs, translation: Translation, code: str) -> Iterator[Finding]:
    key, path = translation.key(code), translation.path(code)
    if path is None:
        task = next(task for task, codes in runs.study.translated.items() if code in codes)
        yield Finding(
            f"translation.models.{code}",
            f"there is no model for '{code}', which {_asked_by(runs, task, code)} asks for. Name one, or set "
            "translation.model to one for many languages.",
        )
        return
    folder = runs.translators()[code]
    if not folder.is_dir():
        downloads = folder.parent == TRANSLATORS
        remedy = f"{path} is not downloaded yet: {PREFETCH}."
        if not downloads:
            remedy = f"there is no folder '{path}'. Put the model there, or correct the path, from {Path.cwd()}."
        yield Finding(key, remedy, warning=downloads)
        return
    yield from _of_model(runs, translation, code, folder)


def _of_model(runs: Runs, translation: Translation, code: str, folder: Path) -> Iterator[Finding]:
    key, config = translation.key(code), read_object(folder / "config.json")
    if not config.get("is_encoder_decoder"):
        kind = config.get("model_type", "one without a config.json")
        yield Finding(
            key, f"the model in {folder} is no sequence-to-sequence model ({kind}). NLLB, M2M-100 and OPUS-MT are."
        )
        return
    if not weights_file(folder).is_file():
        pickled = ", ".join(sorted(path.name for path in folder.glob("*.bin")))
        only = f", only {pickled}" if pickled else ""
        yield Finding(
            key,
            f"{folder} has no model.safetensors{only}. Pickled weights can hold code and are not read; look for a "
            "revision or a copy of the model that has it.",
        )
    longest = config.get("max_position_embeddings")
    if isinstance(longest, int) and translation.max_length > longest:
        yield Finding(
            "translation.max_length",
            f"is {translation.max_length}, but the model in {folder} makes up to {longest} tokens. Set it to {longest} "
            "or less.",
        )
    known = language_tokens(folder)
    if not known and config.get("model_type") == "m2m_100":
        return  # transformers has the list, and the job asks it
    try:
        language = runs.study.language_table()[code]
        token_of(language, known, translation.language_codes.get(code), key, alone=code in translation.models)
    except UserError as error:
        yield Finding.of(key, error)
