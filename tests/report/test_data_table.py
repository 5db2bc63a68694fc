"""The data table."""

from __future__ import annotations

from typing import Any

import pandas as pd
from small_study import study_config

from xstilts.config.study import Study, load
from xstilts.report.data_table import COLUMNS, data_page, data_rows
from xstilts.report.typeset import markdown


def manifest(**examples: int) -> dict[str, Any]:
    return {"files": {name.replace("_", "."): {"examples": count} for name, count in examples.items()}}


MANIFESTS = {
    "mnli": manifest(train_en=392702, dev_en=9815),
    "squad_v1": manifest(train_en=87599, dev_en=10570),
    "xquad": manifest(test_en=1190, test_de=1000),
}


def test_sizes_are_sums_over_the_files_of_a_split(study: Study) -> None:
    rows = data_rows(MANIFESTS, study).set_index("task")
    assert list(rows.reset_index().columns) == COLUMNS
    assert rows.loc["mnli", ["train", "dev_english", "dev"]].tolist() == [392702, 9815, 9815]
    assert rows.loc["xquad", ["test", "test_languages", "test_least", "test_most"]].tolist() == [2190, 2, 1000, 1190]
    assert pd.isna(rows.loc["xquad", "train"]) and rows.loc["xquad", "languages"] == "de en"
    text = markdown(data_page(data_rows(MANIFESTS, study), study))
    assert "1,000–1,190" in text and "392,702" in text


def test_roles_formats_and_licences(study: Study) -> None:
    rows = data_rows({}, study).set_index("task")
    assert list(rows.index) == ["mnli", "qqp", "squad_v1", "xquad", "tatoeba"]
    assert rows["role"].tolist() == ["intermediate task"] * 2 + ["training set"] + ["target"] * 2
    assert rows.loc["xquad", "format"] == "span qa" and rows.loc["xquad", "licence"] == "CC BY-SA 4.0"
    both = load(study_config(arms={"none": {}, "a": {"tasks": ["squad_v1"]}}))
    assert data_rows({}, both).set_index("task").loc["squad_v1", "role"] == "intermediate task, training set"


def test_unknown_sizes_are_marked_and_never_zero(study: Study) -> None:
    odd: dict[str, Any] = {"mnli": {"files": None}, "qqp": {}, "xquad": {"files": {"test.en": {}, "test.de": 3}}}
    rows = data_rows(odd, study)
    assert not rows["prepared"].any() and rows[["train", "dev", "test"]].isna().all(axis=None)
    text = markdown(data_page(rows, study))
    assert "–: the data has not been prepared" in text
    assert "–: the data" not in markdown(
        data_page(data_rows(dict.fromkeys(rows["task"], MANIFESTS["mnli"]), study), study)
    )


def test_sources_are_named(study: Study) -> None:
    assert set(data_rows({}, study)["source"]) == {"files of the release"}
    made = data_rows({}, load(study_config(source={"kind": "synthetic", "seed": 5}, targets={"xnli": {}})))
    assert set(made["source"]) == {"generated, seed 5"} and set(made["licence"]) == {"that of this software"}
    hub = load(study_config(source={"kind": "hub"}, targets={"xnli": {"languages": ["en", "de"]}}))
    source = data_rows({}, hub).set_index("task").loc["mnli", "source"]
    assert source.startswith("Hugging Face Hub: nyu-mll/multi_nli@")
    text = markdown(data_page(data_rows({}, hub), hub))
    assert "nyu-mll/multi_nli |" in text and "@" not in text


def test_text_for_pretraining_is_data_too() -> None:
    shape = {"hidden_size": 8, "layers": 1, "heads": 1, "feed_forward_size": 8, "max_length": 128}
    models = {"tiny": {"architecture": {**shape, "vocabulary_size": 300}}}
    study = load(study_config(models=models, retrieval={"layer": 1}))
    text = data_rows({"text": manifest(train_en=10, train_de=5)}, study).set_index("task").loc["text"]
    assert (text["role"], text["train"], text["languages"]) == ("text for masked LM", 15, "")
