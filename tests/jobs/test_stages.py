"""Arms in stages, and arms and models on text: real training of a tiny encoder, in one process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from labelled_study import CONFIG, EXAMPLES, SHAPE, copied, texts, texts_of
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from xstilts.config.settings import Architecture, Compute
from xstilts.encoders import lm_head, storage
from xstilts.graph.runs import INTERMEDIATE, Runs
from xstilts.jobs import training
from xstilts.jobs.supervised import derived_seed
from xstilts.jobs.text_data import held_out, text_data
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.session import Session

SPEC: dict[str, Any] = {"id": "0123456789ab"}
TWO = {"stages": [{"tasks": ["mnli"]}, {"tasks": ["ccg"], "training": {"learning_rate": 0.02, "max_steps": 5}}]}
ARMS: dict[str, Any] = {
    "none": {},
    "mnli": {"tasks": ["mnli"]},
    "one": {"stages": [{"tasks": ["mnli"]}]},
    "two": TWO,
    "again": {"stages": [{"tasks": ["mnli"]}, {"tasks": ["mnli"]}]},
    "adapter": {**TWO, "training": {"lora": {"rank": 2}}},
    "beside": {"tasks": ["mnli", "ccg"], "masked_lm": {"text": "study", "share": 0.5}},
    "text": {"masked_lm": {"text": "study", "languages": ["de"]}},
    "control": {"weights": "random", "masked_lm": {"text": "study"}},
    "then_text": {"stages": [{"masked_lm": {"text": "study"}}, {"tasks": ["mnli"], "masked_lm": {"text": "study"}}]},
}
STUDY: dict[str, Any] = {
    **CONFIG,
    "models": {**CONFIG["models"], "more": {"continue": {"from": "ready", "text": "study", "steps": 3}}},
    "arms": ARMS,
    "training": {
        "pretraining": {"learning_rate": 0.01, "batch_size": 4},
        "intermediate": {"learning_rate": 0.01, "max_steps": 4, "batch_size": 4, "eval_every": 2, "warmup_steps": 1},
    },
}


@pytest.fixture
def staged(labelled: tuple[Path, PreTrainedTokenizerFast], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """The labelled study with other arms, and a ready-made encoder with random weights and a head."""
    runs = copied(labelled[0], tmp_path / "study", STUDY, monkeypatch)
    for kind in ("tokens", "tokenizers"):
        shutil.copytree(runs.paths.root / kind / "ready", runs.paths.root / kind / "more")
    torch.manual_seed(3)
    encoder = storage.fresh(Architecture(**SHAPE), labelled[1], Compute())
    storage.save(encoder, Path("models/ready"))
    return runs


def intermediate(runs: Runs, arm: str, session: Session | None = None, seed: int = 1) -> dict[str, Any]:
    """Run the job; returns its record."""
    training.intermediate(runs, SPEC, "ready", arm, seed, 1, session or Session(checkpoints=checkpoints(arm)))
    record: dict[str, Any] = json.loads((runs.paths.encoder("ready", arm, seed) / "record.json").read_bytes())
    return record


def checkpoints(arm: str) -> Checkpoints:
    return Checkpoints(Path(".checkpoints") / arm, "in", minutes=60)


def outcome(runs: Runs, arm: str) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]], Any]:
    """What a job has left: weights, dev scores, and its record on the training."""
    folder = runs.paths.encoder("ready", arm, 1)
    weights = load_file(next(folder.glob("*model.safetensors")))
    dev_scores = pq.read_table(runs.paths.part("dev_scores", "ready", arm, INTERMEDIATE, 1)).to_pylist()
    record = json.loads((folder / "record.json").read_bytes())["training"]
    for entry in (record, *record.get("stages", ())):
        entry.pop("resumed_at")
    return weights, dev_scores, record


def test_one_stage_is_the_same_as_an_arm_with_its_tasks(staged: Runs) -> None:
    for arm in ("mnli", "one"):
        intermediate(staged, arm)
    (weights, scores, record), (again, scores_again, record_again) = outcome(staged, "mnli"), outcome(staged, "one")
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    assert record == record_again and "stages" not in record
    assert [row["score"] for row in scores] == [row["score"] for row in scores_again]


def test_every_stage_is_in_the_record_and_has_dev_scores(staged: Runs) -> None:
    intermediate(staged, "mnli")
    record = intermediate(staged, "two")["training"]
    assert [entry["steps"] for entry in record["stages"]] == [4, 5]
    assert [entry["seed"] for entry in record["stages"]] == [1, derived_seed(1, 0, 1)]
    assert record["steps"] == 5 and {"mnli", "ccg"} == record["learnt"].keys()
    first = json.loads((staged.paths.encoder("ready", "mnli", 1) / "record.json").read_bytes())["training"]
    assert record["stages"][0]["curve"] == first["curve"], "the first stage is the arm of its task"
    assert {row["task"] for row in outcome(staged, "two")[1]} == {"mnli", "ccg"}


def test_a_stage_starts_from_the_weights_that_the_one_before_has_left(
    staged: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[dict[str, torch.Tensor]] = []
    train = training.train

    def recorded(encoder: Any, *arguments: Any, **named: Any) -> Any:
        states.append({name: value.clone() for name, value in encoder.state_dict().items()})
        result = train(encoder, *arguments, **named)
        states.append({name: value.clone() for name, value in encoder.state_dict().items()})
        return result

    monkeypatch.setattr("xstilts.jobs.supervised.train", recorded)
    intermediate(staged, "two")
    before, after, start, end = states
    assert all(torch.equal(after[name], start[name]) for name in after)
    assert not all(torch.equal(before[name], after[name]) for name in after)
    assert not all(torch.equal(start[name], end[name]) for name in start)


def test_a_task_of_two_stages_has_the_dev_scores_of_the_later(staged: Runs) -> None:
    record = intermediate(staged, "again")["training"]
    (row,) = outcome(staged, "again")[1]
    assert row["score"] == pytest.approx(record["stages"][1]["learnt"]["mnli"]["score"])
    assert record["stages"][0]["curve"] != record["stages"][1]["curve"]


@pytest.mark.parametrize("arm", ["two", "adapter", "then_text"])
def test_a_killed_job_goes_on_in_its_stage_and_ends_with_the_same_bits(staged: Runs, arm: str) -> None:
    intermediate(staged, arm)
    weights, scores, record = outcome(staged, arm)
    shutil.rmtree(staged.paths.encoder("ready", arm, 1))
    shutil.rmtree(".checkpoints", ignore_errors=True)
    ran: list[str] = []
    for stage, at in ((1, 2), (1, 3), (2, 1), (2, 3)):
        stop = StopRequest()

        def tell(what: str, step: int, total: int, place: Any = (f"stage {stage} of 2", at), stop: Any = stop) -> None:
            ran.append(what)
            if what.endswith(place[0]) and step == place[1]:
                stop.reason = "SIGTERM"

        with pytest.raises(Stopped):
            intermediate(staged, arm, Session(stop, checkpoints(arm), tell))
        torch.rand(3)
    ran.clear()
    intermediate(staged, arm, Session(StopRequest(), checkpoints(arm), lambda what, step, total: ran.append(what)))
    assert all(what.endswith("stage 2 of 2") for what in ran), "the first stage is not repeated"
    again, scores_again, record_again = outcome(staged, arm)
    assert weights.keys() == again.keys() and all(torch.equal(weights[name], again[name]) for name in weights)
    assert (scores_again, record_again) == (scores, record)


def test_an_adapter_goes_through_all_stages(staged: Runs) -> None:
    intermediate(staged, "adapter")
    folder = staged.paths.encoder("ready", "adapter", 1)
    assert (folder / "adapter_model.safetensors").is_file() and not (folder / "model.safetensors").exists()


def test_text_beside_tasks_trains_and_is_in_the_record(staged: Runs) -> None:
    record = intermediate(staged, "beside")["training"]
    last = record["curve"][-1]
    assert {"mnli", "ccg"} <= last.keys() and record["steps"] == 4
    assert held_out(8) == [] and "masked_lm_loss" not in last, "the files of this study are too short to hold out any"


def test_passages_that_are_held_out_are_few_and_spread_evenly() -> None:
    assert held_out(20) == [19] and len(held_out(100)) == 5
    assert len(held_out(100_000)) == 200 and held_out(100_000)[-1] == 99_999


def test_passages_that_are_held_out_are_not_trained_on(
    staged: Runs, pieces: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xstilts.jobs.text_data._EVERY", 4)
    use = staged.study.arms["text"].masked_lm
    assert use is not None
    text = text_data(staged, "ready", use, 1.0, None)
    trained, held = texts_of(text.train["de"], pieces), texts_of(text.held_out["de"], pieces)
    passages = texts("text", "train", "de")
    assert held == [passages[3], passages[7]] and trained is not None
    assert len(trained) == EXAMPLES - 2 and sorted([*trained, *held]) == sorted(passages)


def test_text_alone_trains_on_the_languages_that_are_named(staged: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = []

    def recorded(*arguments: Any, **named: Any) -> Any:
        texts.append(named["text"])
        return train(*arguments, **named)

    train = training.train
    monkeypatch.setattr("xstilts.jobs.supervised.train", recorded)
    intermediate(staged, "text")
    intermediate(staged, "beside")
    assert [sorted(text.train) for text in texts] == [["de"], ["de", "en", "fr"]]
    assert [text.share for text in texts] == [1.0, 0.5]


def test_the_pretrained_head_is_where_masked_lm_starts(staged: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    heads = []
    train = training.train

    def recorded(*arguments: Any, **named: Any) -> Any:
        heads.append(named["text"] and named["text"].head)
        return train(*arguments, **named)

    monkeypatch.setattr("xstilts.jobs.supervised.train", recorded)
    monkeypatch.setattr("xstilts.jobs.training.train", recorded)
    intermediate(staged, "text")
    assert heads.pop() is None, "the encoder has none"
    training.pretrain(staged, SPEC, "more", 1, Session(checkpoints=checkpoints("more")))
    assert heads.pop() is None
    stored = load_file(staged.paths.pretrained("more") / lm_head.OWN_HEAD)
    shutil.copy(staged.paths.pretrained("more") / lm_head.OWN_HEAD, "models/ready")
    intermediate(staged, "then_text")
    assert all(torch.equal(heads[0][name], stored[name]) for name in stored), "the first stage has the stored one"
    assert not torch.equal(heads[1]["dense.weight"], stored["dense.weight"]), "the second that of the first"
    intermediate(staged, "control")
    assert heads.pop() is None, "random weights have none"
    heads.clear()
    training.pretrain(staged, SPEC, "more", 1, Session(checkpoints=checkpoints("more again")))
    assert all(torch.equal(heads[0][name], stored[name]) for name in stored), "a continuation has its parent's"


def test_a_continued_model_starts_from_its_parent_and_leaves_a_head(staged: Runs) -> None:
    training.pretrain(staged, SPEC, "more", 1, Session(checkpoints=checkpoints("more")))
    folder = staged.paths.pretrained("more")
    record = json.loads((folder / "record.json").read_bytes())
    assert record["training"]["steps"] == 3
    assert str(folder.relative_to(staged.paths.root) / lm_head.OWN_HEAD) in record["files"]
    made, parent = storage.load(folder, Compute()), storage.load(Path("models/ready"), Compute())
    pairs = zip(made.parameters(), parent.parameters(), strict=True)
    difference = max((one - other).abs().max().item() for one, other in pairs)
    assert 0 < difference < 0.1
    assert "Pretrained further by masked language modelling on Unlabelled text" in (folder / "README.md").read_text()


def test_a_pretrained_model_leaves_its_head(staged: Runs) -> None:
    training.pretrain(staged, SPEC, "own", 1, Session())
    encoder = storage.load(staged.paths.pretrained("own"), Compute())
    assert lm_head.read(staged.paths.pretrained("own"), encoder) is not None


def test_the_card_of_an_arm_in_stages_has_a_column_for_each(staged: Runs) -> None:
    intermediate(staged, "two")
    card = (staged.paths.encoder("ready", "two", 1) / "README.md").read_text(encoding="utf-8")
    assert "| stage 1 | stage 2 |" in card
    assert "| trained on | mnli | ccg |" in card and "| steps | 4 | 5 |" in card
    assert "0.01 | 0.02 |" in card
