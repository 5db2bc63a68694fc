"""Which jobs run again when the settings or the model of translations change, and what fine-tuning reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny_release
import tiny_translators
from configs import own

from xstilts.config.available import as_available
from xstilts.config.study import load
from xstilts.graph.contents import planned
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.graph.steps import steps

HUB = f"hf://facebook/nllb-200-distilled-600M@{'0' * 40}"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tiny_release.write(Path("data"))
    tiny_translators.write("m2m", Path("m2m"))


def runs_of(**translation: Any) -> Runs:
    config = own(
        seeds=[1],
        arms={
            "none": {},
            "english": {"tasks": ["mnli"]},
            "german": {"tasks": ["mnli"], "languages": ["de", "en"]},
            "swahili": {"stages": [{"tasks": ["mnli"], "languages": ["sw"]}, {"tasks": ["mnli"]}]},
        },
        targets={"xnli": {"languages": ["de", "en"], "train_languages": ["sw"]}, "xquad": {"languages": ["en"]}},
        translation={"model": "m2m", **translation},
    )
    return Runs(planned(as_available(load(config))))


def ids(runs: Runs) -> dict[str, str]:
    specs = Specs(runs)
    made = {str(job): specs.of(job)["id"] for job in runs.all_jobs()}
    encoded = (*runs.study.tasks(), *runs.study.translations)
    made |= {f"encode {task}": specs.encode("tiny", task)["id"] for task in encoded}
    made |= {f"translate {name}": specs.translate(*name.split("."))["id"] for name in runs.study.translations}
    made |= {f"prepare {task}": specs.prepare(task)["id"] for task in runs.study.tasks()}
    return {**made, "similarity": specs.similarity()["id"], "report": specs.report()["id"]}


def changed(before: Runs, after: Runs) -> set[str]:
    one, other = ids(before), ids(after)
    return {name for name in one if one[name] != other[name]}


SWAHILI = {
    "translate mnli.sw",
    "translate xnli.sw",
    "encode mnli.sw",
    "encode xnli.sw",
    "tiny swahili intermediate seed 1",
}
OF_SWAHILI = {f"tiny {arm} xnli seed 1" for arm in ("none", "english", "german", "swahili")} | {
    "tiny swahili squad_v1 seed 1"
}
GERMAN = {"translate mnli.de", "encode mnli.de", "tiny german intermediate seed 1", "tiny german squad_v1 seed 1"}


def test_what_is_translated() -> None:
    assert list(runs_of().study.translations) == ["mnli.de", "mnli.sw", "xnli.sw"]
    assert runs_of().files("mnli") == (("train", "en"), ("dev", "en"))
    assert runs_of().files("mnli.de") == (("train", "de"),)


@pytest.mark.parametrize("settings", [{"beams": 2}, {"max_length": 30}, {"batch_tokens": 64}])
def test_settings_concern_what_trains_on_translations_alone(settings: dict[str, int]) -> None:
    assert changed(runs_of(), runs_of(**settings)) == SWAHILI | OF_SWAHILI | GERMAN


def test_a_model_for_one_language_concerns_that_language_alone() -> None:
    tiny_translators.write("opus", Path("opus"))
    assert changed(runs_of(), runs_of(models={"de": "opus"})) == GERMAN | {"tiny german xnli seed 1", "report"}
    assert changed(runs_of(), runs_of(language_codes={"sw": "qaa"})) == SWAHILI | OF_SWAHILI


def test_a_local_model_counts_by_content() -> None:
    before = runs_of()
    Path("m2m").rename("moved")
    assert changed(before, runs_of(model="moved")) == {"report"}
    tiny_translators.write("m2m", Path("moved"), seed=9)
    assert {"translate mnli.de", "translate xnli.sw"} <= changed(before, runs_of(model="moved"))


def test_another_row_of_english_is_translated_again() -> None:
    before, path = runs_of(), Path("data/intermediate/mnli/train.tsv")
    path.write_text(path.read_text(encoding="utf-8").replace("A cat sleeps.", "A cat slept."), encoding="utf-8")
    assert {"translate mnli.de", "translate mnli.sw"} == {
        name for name in changed(before, runs_of()) if name.startswith("translate")
    }


def test_jobs_read_the_translations_that_they_train_on() -> None:
    runs = runs_of()
    assert runs.trained_on("german") == ("mnli", "mnli.de")
    assert runs.trained_on("english") == ("mnli",)
    assert (runs.read_by("xnli"), runs.read_by("squad_v1")) == (("xnli", "xnli.sw"), ("squad_v1", "xquad"))


def test_models_of_the_hub_are_prefetched_and_waited_for() -> None:
    runs = runs_of(model=HUB, models={"de": "m2m"})
    folder = Path("hub/translators") / f"facebook--nllb-200-distilled-600M--{'0' * 40}"
    assert runs.prefetched() == [folder / "xstilts.json"]
    assert runs.translator_files("sw") == [folder / "model.safetensors"]
    assert runs.translator_files("de") == []


def test_a_translation_that_failed_is_told_of() -> None:
    titles = [step.title for step in steps(Specs(runs_of()))]
    assert "making MNLI in German, translated" in titles
    assert "encoding MNLI in Swahili, translated for tiny" in titles
