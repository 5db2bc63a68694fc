"""What is refused of translations before any work: each with its key, in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny_release
import tiny_translators
from configs import own

from xstilts.checks import translation
from xstilts.checks.findings import Finding
from xstilts.config.available import as_available
from xstilts.config.study import load
from xstilts.errors import UserErrors
from xstilts.graph.runs import Runs

COMMIT = "0" * 40
ARMS = {"none": {}, "german": {"tasks": ["mnli"], "languages": ["de"]}}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tiny_release.write(Path("data"))


def found(arms: dict[str, Any] = ARMS, **settings: Any) -> list[Finding]:
    config = own(arms=arms, translation={"model": "models/m2m", **settings})
    return list(translation.findings(Runs(as_available(load(config)))))


def problem(**settings: Any) -> str:
    (finding,) = found(**settings)
    assert not finding.warning
    return str(finding)


@pytest.mark.parametrize("family", ["nllb", "m2m", "opus"])
def test_a_model_that_has_the_language_is_in_order(family: str) -> None:
    tiny_translators.write(family, Path("models/m2m"))
    assert found(max_length=20) == []


def test_a_model_for_one_pair_is_named_for_its_language() -> None:
    tiny_translators.write("opus-pair", Path("models/pair"))
    assert found(model=None, models={"de": "models/pair"}, max_length=20) == []
    assert problem(model="models/pair", max_length=20).startswith(
        "translation.model: this model has no tokens for languages"
    )


def test_a_model_that_transformers_knows_the_languages_of_is_asked_later() -> None:
    folder = tiny_translators.write("m2m", Path("models/m2m"))
    for file in folder.glob("tokenizer*"):
        file.unlink()
    assert found(max_length=20) == []


def test_a_language_that_a_model_lacks_is_refused() -> None:
    tiny_translators.write("nllb", Path("models/m2m"))
    french = {"none": {}, "french": {"tasks": ["mnli"], "languages": ["fr"]}}
    text = problem(arms=french, max_length=20)
    assert text.startswith("translation.model: this model has no language 'fr' (French); looked for fra_Latn, __fr__")
    assert "translation.language_codes.fr" in text
    assert found(arms=french, max_length=20, language_codes={"fr": "swh_Latn"}) == []


def test_a_language_without_a_model_is_refused() -> None:
    text = problem(model=None, models={"fr": "models/fr"})
    assert text == (
        "translation.models.de: there is no model for 'de', which arms.german.languages asks for. Name one, or set "
        "translation.model to one for many languages."
    )


def test_a_folder_that_is_not_there_is_refused_and_a_download_only_awaited() -> None:
    assert problem().startswith("translation.model: there is no folder 'models/m2m'.")
    (finding,) = found(model=f"hf://facebook/nllb@{COMMIT}")
    assert finding.warning and "is not downloaded yet: run 'snakemake prefetch'" in finding.text


def test_an_encoder_is_no_model_for_translation() -> None:
    Path("models/m2m").mkdir(parents=True)
    Path("models/m2m/config.json").write_text(json.dumps({"model_type": "xlm-roberta"}))
    assert "is no sequence-to-sequence model (xlm-roberta)" in problem()


def test_pickled_weights_are_refused() -> None:
    folder = tiny_translators.write("m2m", Path("models/m2m"))
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "has no model.safetensors, only pytorch_model.bin. Pickled weights can hold code" in problem(max_length=20)


def test_translations_longer_than_the_model_makes_are_refused() -> None:
    tiny_translators.write("m2m", Path("models/m2m"))
    assert problem(max_length=65).startswith(
        "translation.max_length: is 65, but the model in models/m2m makes up to 64"
    )


@pytest.mark.parametrize(
    ("task", "reason"), [("ccg", "which tag belongs to which"), ("wikipedia_pairs", "lose the marks")]
)
def test_tasks_that_cannot_be_translated_are_refused_with_the_reason(task: str, reason: str) -> None:
    tiny_translators.write("m2m", Path("models/m2m"))
    text = problem(arms={"none": {}, "german": {"tasks": [task], "languages": ["de"]}}, max_length=20)
    assert text.startswith("arms.german.languages: ") and reason in text


def test_where_files_are_there_nothing_is_translated_and_the_section_is_superfluous() -> None:
    path = Path("data/translated/de/intermediate/mnli/train.tsv")
    path.parent.mkdir(parents=True)
    path.write_text(tiny_release.FILES["intermediate/mnli/train.tsv"], encoding="utf-8")
    (finding,) = found()
    assert finding.warning and finding.text.startswith("nothing is translated")


def test_codes_of_languages_are_those_of_the_table() -> None:
    tiny_translators.write("m2m", Path("models/m2m"))
    assert problem(max_length=20, language_codes={"xx": "deu_Latn"}).startswith(
        "translation: there is no language 'xx'"
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"model": "hf://facebook/nllb@main"},
            "translation.model: 'hf://facebook/nllb@main' must be hf://namespace/name",
        ),
        ({"model": None}, "translation: give 'model', one for many languages, or 'models', one per language"),
        ({"beams": 0}, "translation.beams: must be at least 1"),
        ({"beam": 2}, "translation.beam: unknown key. Did you mean 'beams'?"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UserErrors) as caught:
        found(**settings)
    assert said in str(caught.value)
