"""The similarities of a small encoded study: their rows and their values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from transformers import PreTrainedTokenizerFast

from xstilts.analysis.corpora import (
    CorpusPart,
    Sequences,
    domain_parts,
    parallel_parts,
    parts_of,
    texts_of,
    training_parts,
)
from xstilts.config.settings import Architecture, Compute
from xstilts.config.study import load
from xstilts.data.encoding import EncodedRows, encode_task
from xstilts.data.examples import Provenance, write
from xstilts.data.tokenizer import load as load_tokenizer
from xstilts.data.tokenizer import save
from xstilts.encoders import storage as encoders
from xstilts.graph.runs import Runs
from xstilts.jobs.similarity import TEXTS, similarity
from xstilts.task_types import canonical_schema
from xstilts.tasks.registry import TASKS

WORDS = ["the", "old", "stone", "pier", "arrived", "at", "market", "harbour", "counted", "forty", "baskets", "coins"]
SHAPE = Architecture(hidden_size=16, layers=2, heads=2, feed_forward_size=16, max_length=64, initializer_range=0.3)
CONFIG: dict[str, Any] = {
    "study": "small",
    "source": {"kind": "files", "root": "data"},
    "models": {"tiny": {"path": "models/tiny"}},
    "arms": {
        "none": {},
        "mnli": {"tasks": ["mnli"]},
        "commonsenseqa": {"tasks": ["commonsenseqa"]},
        "travel": {
            "tasks": ["mnli"],
            "train_examples": 5,
            "choose": {"how": "domain", "where": {"genre": ["travel"]}},
        },
    },
    "targets": {
        "xnli": {"languages": ["de", "en"]},
        "udpos": {"languages": ["de", "ru"]},
        "tatoeba": {"languages": ["de", "ru"]},
        "mlqa": {"languages": ["de"]},
    },
    "encoding": {"max_length": 48, "doc_stride": 16},
}
COUNT = 60


def sentence(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(WORDS, 8))


def example(form: str, index: int, rng: np.random.Generator) -> dict[str, Any]:
    if form == "classification":
        genre = ["fiction", "travel", "slate"][index % 3]
        return {"premise": sentence(rng), "hypothesis": sentence(rng), "label": "neutral", "genre": genre}
    if form == "tagging":
        return {"tokens": sentence(rng).split(), "tags": ["NOUN"] * 8}
    if form == "multiple_choice":
        return {"prompt": sentence(rng), "choices": [sentence(rng) for _ in range(3)], "label": 0}
    if form == "span_qa":
        context = sentence(rng)
        return {"context": context, "question": "where ?", "answers": [context[:3]], "answer_starts": [0]}
    english = index % 2 == 1
    matches = [str(index - 1)] if english else []
    return {"side": "english" if english else "foreign", "text": sentence(rng), "matches": matches}


def prepare(runs: Runs, pieces: PreTrainedTokenizerFast) -> None:
    """Write canonical and encoded files of every task of the study, with random words."""
    for task in (TASKS[name] for name in runs.study.tasks()):
        paths = []
        for split, language in runs.files(task.name):
            rng = np.random.default_rng(len(paths))
            rows = [{"id": str(i), **example(task.type, i, rng)} for i in range(COUNT)]
            path = runs.paths.examples(task.name, split, language)
            path.parent.mkdir(parents=True, exist_ok=True)
            provenance = Provenance(task.name, split, language, "test", task.licence, False)
            write(path, task, pa.Table.from_pylist(rows, schema=canonical_schema(task)), provenance, "test")
            paths.append(path)
        encode_task(task, runs.study.encoding_of(task.name), pieces, paths, runs.paths.tokens("tiny", task.name))


@pytest.fixture(scope="module")
def folder(tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the study, with its similarities."""
    made = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        runs = Runs(load(CONFIG))
        prepare(runs, tokenizer)
        torch.manual_seed(0)
        encoders.save(encoders.fresh(SHAPE, tokenizer, Compute()), Path("models/tiny"))
        save(tokenizer, runs.paths.tokenizer("tiny"))
        similarity(runs, threads=1)
    return made


@pytest.fixture
def runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.chdir(folder)
    return Runs(load(CONFIG))


@pytest.fixture
def table(runs: Runs) -> pd.DataFrame:
    return pd.read_parquet(runs.paths.root / "similarity.parquet")


def test_every_measure_has_the_rows_that_the_study_has_texts_for(table: pd.DataFrame) -> None:
    assert list(table) == ["model", "intermediate", "target", "language", "measure", "value", "tokens"]
    assert set(table["intermediate"]) == {"mnli", "commonsenseqa", "mnli/travel"}
    found = {
        measure: {*zip(rows["target"], rows["language"], strict=True)} for measure, rows in table.groupby("measure")
    }
    english = {("xnli", "en"), ("udpos", "en"), ("tatoeba", "en")}  # MLQA is not scored in it, nor trained on its own
    assert found["jsd"] == english
    others = {("xnli", "de"), ("udpos", "de"), ("udpos", "ru"), ("mlqa", "de"), ("tatoeba", "de"), ("tatoeba", "ru")}
    assert found["cosine"] == english | others
    # of Tatoeba, centred on XNLI, which has no Russian
    assert found["cosine_centred"] == (english | others) - {("tatoeba", "ru")}
    assert not table.duplicated(["intermediate", "target", "language", "measure"]).any()


def test_texts_of_one_vocabulary_are_alike_in_words(table: pd.DataFrame) -> None:
    words = table[table["measure"] == "jsd"]
    assert words["tokens"].nunique() == 1 and words["tokens"].iloc[0] > 100
    np.testing.assert_allclose(words["value"], 1, atol=0.1)


def test_cosines_are_those_of_mean_embeddings_less_the_means_of_parallel_sentences(
    table: pd.DataFrame, runs: Runs
) -> None:
    encoder = encoders.load(Path("models/tiny"), Compute()).eval()

    @torch.no_grad()
    def mean(task: str, split: str, language: str, rows: slice = slice(None)) -> np.ndarray:
        stored = EncodedRows(runs.paths.encoded("tiny", task, split, language))
        vectors = []
        for row in stored[range(len(stored))[rows]]:
            ids = torch.tensor(row["input_ids"][None].astype(np.int64))
            state = encoder(ids, output_hidden_states=True).hidden_states[1][0, 1:-1].mean(0)  # 13 of 24 is 1 of 2
            vectors.append((state / state.norm()).numpy())
        return np.mean(vectors, axis=0)

    mnli, german = mean("mnli", "train", "en"), mean("udpos", "test", "de")
    parallel = {
        "english": mean("tatoeba", "test", "de", slice(1, None, 2)),
        "german": mean("tatoeba", "test", "de", slice(0, None, 2)),
    }
    chosen = table[(table["intermediate"] == "mnli") & (table["target"] == "udpos") & (table["language"] == "de")]
    found = chosen.set_index("measure")["value"]

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / np.sqrt((a @ a) * (b @ b)))

    assert found["cosine"] == pytest.approx(cosine(mnli, german), abs=1e-5)
    expected = cosine(mnli - parallel["english"], german - parallel["german"])
    assert found["cosine_centred"] == pytest.approx(expected, abs=1e-3)


def test_parallel_sentences_stand_in_the_same_order(runs: Runs) -> None:
    """Of a sample, both languages have the same content; the examples' ids say which sentence matches which."""
    found = parallel_parts(runs, "tiny", "tatoeba", "de")
    assert found is not None
    (english,), (german,) = found
    assert [row["example"] for row in english.read(4)] == [row["example"] + 1 for row in german.read(4)]
    assert len(english.read(None)) == COUNT // 2 and english.name != german.name


def test_a_set_is_embedded_once(runs: Runs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    read: list[str] = []
    original = CorpusPart.read

    def counting(part: CorpusPart, most: int | None) -> list[Any]:
        if most == TEXTS:
            read.append(part.name)
        return original(part, most)

    monkeypatch.setattr(CorpusPart, "read", counting)
    similarity(runs, threads=1)
    assert read and len(read) == len(set(read))
    assert "tiny: texts of udpos, target 2 of 4" in caplog.text


def test_it_comes_out_the_same_again(table: pd.DataFrame, runs: Runs) -> None:
    similarity(runs, threads=1)
    pd.testing.assert_frame_equal(pd.read_parquet(runs.paths.root / "similarity.parquet"), table)


def test_texts_stand_between_separators_and_count_once(runs: Runs) -> None:
    pieces = load_tokenizer(runs.paths.tokenizer("tiny"))
    parts = training_parts(runs, "tiny", "mnli")
    found = {pieces.decode(ids) for ids in texts_of([*parts, *parts], pieces)}
    rows = EncodedRows(parts[0].path)[range(COUNT)]
    expected = {
        pieces.decode(text)
        for row in rows
        for text in np.split(row["input_ids"], np.flatnonzero(row["input_ids"] == 2))
    }
    assert found == {text.replace("<s>", "").replace("</s>", "").strip() for text in expected} - {""}
    assert len(texts_of([*parts, *parts], pieces)) == len(found)


def test_a_question_is_embedded_with_one_of_its_choices_in_turn(runs: Runs) -> None:
    part = training_parts(runs, "tiny", "commonsenseqa")[0]
    whole, chosen = EncodedRows(part.path)[range(COUNT)], Sequences(part, None)
    for index, (row, one) in enumerate(zip(whole, chosen[range(COUNT)], strict=True)):
        pieces = np.split(row["input_ids"], np.cumsum(row["lengths"])[:-1])
        np.testing.assert_array_equal(one["input_ids"], pieces[index % 3])
    assert chosen.lengths.tolist() == [len(row["input_ids"]) for row in chosen[range(COUNT)]]


def test_rows_are_read_at_even_distances_to_the_end(runs: Runs) -> None:
    part = training_parts(runs, "tiny", "mnli")[0]
    assert [row["example"] for row in part.read(5)] == [0, 15, 30, 44, 59]
    assert [row["example"] for row in CorpusPart(part.path, "en", rows=np.array([3, 7])).read(5)] == [3, 7]


def test_the_text_of_an_arm_of_one_domain_is_all_of_that_domain(runs: Runs) -> None:
    (part,) = domain_parts(runs, "tiny", "travel")
    assert [row["example"] for row in part.read(None)] == list(range(1, COUNT, 3))  # not the 5 that a seed draws


def test_a_task_that_is_trained_on_and_scored_is_compared_by_other_data_in_each_role(runs: Runs) -> None:
    (trained_on,) = training_parts(runs, "tiny", "xnli")
    (scored,) = parts_of(runs, "tiny", "xnli", "en")
    assert (trained_on.path.name, scored.path.name) == ("train.en.arrow", "test.en.arrow")
