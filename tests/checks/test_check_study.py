"""Each problem and each warning of a study: its key, what was found, and the remedy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tiny_release
from configs import own, ready_made

from xstilts.checks import disk
from xstilts.checks.findings import Finding, in_order, refuse
from xstilts.checks.study import check, quick
from xstilts.config.available import as_available
from xstilts.config.study import load
from xstilts.errors import UserError, UserErrors
from xstilts.graph.runs import Runs
from xstilts.planning.plan import DiskItem

HUB = f"hf://someone/encoder@{'0' * 40}"
TARGETS = {"xnli": {"languages": ["de", "en"]}, "tatoeba": {"languages": ["de"]}}
BASE = {
    "model_type": "xlm-roberta", "hidden_size": 768, "num_hidden_layers": 12, "max_position_embeddings": 514,
    "pad_token_id": 1, "vocab_size": 100, "intermediate_size": 4, "num_attention_heads": 2, "type_vocab_size": 1,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the tiny release, and the config of an encoder as large as XLM-R Base."""
    monkeypatch.chdir(tmp_path)
    tiny_release.write(Path("data"))
    write_config("models/xlmr")


def write_config(folder: str, **changes: Any) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    Path(folder, "config.json").write_text(json.dumps({**BASE, **changes}), encoding="utf-8")


def runs(**changes: Any) -> Runs:
    settings = {"arms": {"none": {}, "mnli": {"tasks": ["mnli"]}}, "targets": TARGETS, "retrieval": {"layer": 7}}
    return Runs(as_available(load(ready_made(**{**settings, **changes}))))


def found(**changes: Any) -> list[Finding]:
    return quick(runs(**changes))


def only(findings: Sequence[Finding]) -> Finding:
    (one,) = findings
    return one


def test_nothing_is_found_in_a_study_that_is_in_order() -> None:
    assert found() == []


def test_a_study_that_pretrains_has_no_folders_of_models() -> None:
    assert quick(Runs(load(own(source={"kind": "synthetic"}, targets={"xnli": {}}, arms={"none": {}})))) == []


class TestModels:
    @pytest.mark.parametrize(
        ("settings", "key"),
        [
            ({"retrieval": {"layer": 14}}, "retrieval.layer"),
            ({"retrieval": {"layer": 3, "tasks": {"tatoeba": {"layer": 14}}}}, "retrieval.tasks.tatoeba.layer"),
            ({"retrieval": {"layer": 14, "tasks": {"tatoeba": {"pooling": "mean"}}}}, "retrieval.layer"),
        ],
    )
    def test_a_layer_that_is_not_there(self, settings: dict[str, Any], key: str) -> None:
        assert only(found(**settings)) == Finding(
            key, "is 14, but models.xlmr has 12 layers. Set it to one of 0 (the embeddings) to 12."
        )

    def test_layers_of_targets_alone_count(self) -> None:
        assert found(retrieval={"layer": 14}, targets={"xnli": {"languages": ["de"]}}) == []

    @pytest.mark.parametrize(
        ("settings", "key"),
        [
            ({"max_length": 513}, "encoding.max_length"),
            ({"max_length": 64, "tasks": {"xnli": {"max_length": 513}}}, "encoding.tasks.xnli.max_length"),
        ],
    )
    def test_inputs_that_are_too_long(self, settings: dict[str, Any], key: str) -> None:
        text = "is 513, but models.xlmr takes inputs of up to 512 tokens. Set it to 512 or less."
        assert only(found(encoding=settings)) == Finding(key, text)

    @pytest.mark.parametrize("path", ["xlm-roberta-base", "FacebookAI/xlm-roberta-base"])
    def test_a_name_of_the_hub_is_no_folder(self, path: str) -> None:
        problem = only(found(models={"xlmr": {"path": path}}))
        assert (problem.key, problem.warning) == ("models.xlmr.path", False)
        assert problem.text.startswith(f"there is no folder '{path}'. If it is one of the Hugging Face Hub")
        assert "hf://namespace/name@commit" in problem.text
        write_config(path)
        assert found(models={"xlmr": {"path": path}}) == []

    def test_a_folder_that_is_not_there(self) -> None:
        problem = only(found(models={"xlmr": {"path": "/nowhere/xlmr"}}))
        assert problem.key == "models.xlmr.path" and "hf://" not in problem.text
        assert problem.text.startswith("there is no folder '/nowhere/xlmr'. Put the encoder there")

    def test_a_model_of_the_hub_that_is_not_downloaded_is_a_warning(self) -> None:
        warning = only(found(models={"xlmr": {"path": HUB}}))
        assert warning.warning and warning.key == "models.xlmr.path"
        assert HUB in warning.text and "snakemake prefetch" in warning.text

    def test_a_model_of_the_hub_that_is_downloaded_is_looked_at(self) -> None:
        write_config(f"hub/models/someone--encoder--{'0' * 40}", num_hidden_layers=6)
        assert only(found(models={"xlmr": {"path": HUB}})).key == "retrieval.layer"


class TestData:
    def test_the_folder(self) -> None:
        problem = only(found(source={"kind": "files", "root": "elsewhere"}))
        assert problem.key == "source.root" and problem.text.startswith("there is no folder 'elsewhere'")

    def test_every_task_that_lacks_files_is_named_with_all_of_them(self) -> None:
        shutil.rmtree("data/xtreme/tatoeba")
        Path("data/xtreme/xnli/test-de.tsv").unlink()
        Path("data/intermediate/mnli/train.tsv").write_bytes(b"")
        problems = found()
        assert [problem.key for problem in problems] == ["source.root"] * 3 and not any(p.warning for p in problems)
        mnli, xnli, tatoeba = (problem.text for problem in problems)
        assert mnli.startswith("MNLI: data/intermediate/mnli/train.tsv: is empty.")
        assert xnli.startswith("XNLI: data/xtreme/xnli/test-de.tsv: there is no such file; its folder holds ")
        assert "1 other of it missing or empty: data/xtreme/tatoeba/tatoeba.deu-eng.eng." in tatoeba
        assert all("docs/data.md" in text for text in (mnli, xnli, tatoeba))

    def test_languages_that_are_to_be_skipped_are_not_missing(self) -> None:
        Path("data/xtreme/xnli/test-de.tsv").unlink()
        assert found(source={"kind": "files", "root": "data", "missing": "skip"}) == []

    def test_own_tasks_name_their_key(self) -> None:
        files = {split: f"own/{split}.tsv" for split in ("train", "dev", "test")}
        columns = {"premise": 0, "label": 1}
        task = {"type": "classification", "labels": ["a", "b"], "files": files, "columns": columns}
        problem = only(found(tasks={"moods": task}, targets={"moods": {}}))
        assert problem.key == "tasks.moods.files" and problem.text.startswith("moods: data/own/train.tsv: there is no")
        assert "2 others of it missing or empty: data/own/dev.tsv, data/own/test.tsv." in problem.text

    def test_text_for_pretraining(self) -> None:
        Path("data/text/de.txt").unlink()
        study = load(own(targets={"xnli": {"languages": ["de", "en"]}}, arms={"none": {}}))
        assert "data/text/de.txt: there is no such file" in only(quick(Runs(study))).text

    def test_data_of_the_hub_that_are_not_downloaded_are_a_warning(self) -> None:
        warning = only(found(source={"kind": "hub"}))
        assert warning.warning and warning.key == "source"
        assert warning.text.startswith("not downloaded yet: MNLI, XNLI, Tatoeba.")


DEMO = {"learning_rate": 1e-3, "max_steps": 200}


class TestSettings:
    def test_values_of_the_demo_with_a_large_encoder(self) -> None:
        warnings = found(training={"target": DEMO, "intermediate": DEMO})
        assert all(warning.warning for warning in warnings)
        assert [warning.key for warning in warnings] == [
            f"training.{stage}.{name}" for stage in ("intermediate", "target") for name in DEMO
        ]
        rate, steps = warnings[-2:]
        assert rate.text.startswith("is 0.001 for models.xlmr,") and "protocol has 1e-05" in rate.text
        assert steps.text.startswith("is 200 for models.xlmr,") and "trains 2 epochs on this task" in steps.text
        assert "trains 2 to 10 epochs: leave max_steps out" in warnings[1].text

    @pytest.mark.parametrize(
        ("changes", "key"),
        [
            ({"arms": {"none": {}, "mnli": {"tasks": ["mnli"], "training": DEMO}}}, "arms.mnli.training"),
            ({"training": {"intermediate": {"tasks": {"mnli": DEMO}}}}, "training.intermediate.tasks.mnli"),
            ({"training": {"target": {"tasks": {"xnli": DEMO}}}}, "training.target.tasks.xnli"),
        ],
    )
    def test_the_key_is_the_one_that_sets_the_value(self, changes: dict[str, Any], key: str) -> None:
        assert [warning.key for warning in found(**changes)] == [f"{key}.learning_rate", f"{key}.max_steps"]

    #: A quarter of an epoch of XNLI's 392,702 examples is 3,068 steps of 32.
    @pytest.mark.parametrize(("rate", "steps", "warned"), [(9e-5, 3068, 0), (1e-4, 3068, 1), (9e-5, 3067, 1)])
    def test_thresholds(self, rate: float, steps: int, warned: int) -> None:
        assert len(found(training={"target": {"learning_rate": rate, "max_steps": steps}})) == warned

    def test_a_part_of_an_epoch_is_named(self) -> None:
        (warning,) = found(training={"target": {"max_steps": 200}})
        assert "1.6 % of an epoch of the 392,702 examples of XNLI" in warning.text

    @pytest.mark.parametrize(
        "fewer",
        [{"examples": {"train": 800}}, {"arms": {"none": {}, "mnli": {"tasks": ["mnli"], "train_examples": 800}}}],
    )
    def test_of_fewer_examples_few_steps_are_enough(self, fewer: dict[str, Any]) -> None:
        assert found(training={"intermediate": {"max_steps": 200}}, **fewer) == []

    def test_where_the_number_of_examples_is_not_known(self) -> None:
        columns = {"premise": 0, "label": 1}
        files = {split: f"xtreme/xnli/{split}-en.tsv" for split in ("train", "dev", "test")}
        own_task = {"type": "classification", "labels": ["a", "b"], "files": files, "columns": columns}
        changes = {"tasks": {"moods": own_task}, "targets": {"moods": {}}, "arms": {"none": {}}}
        for steps, warned in ((500, 1), (501, 0)):
            assert len(found(training={"target": {"max_steps": steps}}, **changes)) == warned

    def test_adapters_are_trained_at_high_rates(self) -> None:
        assert found(training={"intermediate": {"learning_rate": 1e-3, "lora": {}}}) == []

    @pytest.mark.parametrize(("layer", "warned"), [(2, 1), (3, 0), (12, 0)])
    def test_a_layer_close_to_the_embeddings(self, layer: int, warned: int) -> None:
        warnings = found(retrieval={"layer": layer})
        assert [warning.key for warning in warnings if warning.warning] == ["retrieval.layer"] * warned
        assert all("it would be 7" in warning.text for warning in warnings)

    def test_a_known_encoder_is_judged_before_it_is_downloaded(self) -> None:
        path = "hf://FacebookAI/xlm-roberta-large@c23d21b0620b635a76227c604d44e43a9f0ee389"
        demo = {"training": {"target": {"learning_rate": 1.5e-3, "max_steps": 200}}, "retrieval": {"layer": 2}}
        warnings = found(models={"xlmr": {"path": path}}, **demo)
        assert [warning.key for warning in warnings] == [
            "models.xlmr.path", "training.target.learning_rate", "training.target.max_steps", "retrieval.layer"
        ]  # fmt: skip
        assert "which has 24 layers" in warnings[-1].text and "it would be 14" in warnings[-1].text

    def test_an_unknown_encoder_is_taken_for_a_large_one(self) -> None:
        warnings = found(models={"xlmr": {"path": HUB}}, training={"target": DEMO})
        assert [warning.key for warning in warnings][1:] == [
            "training.target.learning_rate",
            "training.target.max_steps",
        ]

    def test_stages_that_are_not_used_do_not_count(self) -> None:
        assert found(training={"pretraining": DEMO, "intermediate": DEMO}, arms={"none": {}}) == []

    @pytest.mark.parametrize(("rate", "warned"), [(4e-4, 0), (5e-4, 1)])
    def test_narrow_encoders_may_be_trained_at_higher_rates_and_with_few_steps(self, rate: float, warned: int) -> None:
        write_config("models/xlmr", hidden_size=384)
        warnings = found(training={"target": {"learning_rate": rate, "max_steps": 200}})
        assert len(warnings) == warned and all("usually have 5e-05" in warning.text for warning in warnings)


class TestDisk:
    ITEMS = (DiskItem("trained encoders", 7e9), DiskItem("checkpoints of running jobs", 3e9, temporary=True))

    @pytest.fixture(autouse=True)
    def _free(self, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = shutil.disk_usage(".")
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=int(8e9)))

    def test_a_disk_that_is_too_full(self) -> None:
        warning = only(list(disk.findings(runs(), self.ITEMS)))
        assert warning.warning and warning.key == "disk"
        assert warning.text.startswith(
            "the study needs about 10 GB, 7 GB of it trained encoders, but only 8 GB are free at "
        )
        assert list(disk.findings(runs(), self.ITEMS[:1])) == []

    def test_what_has_been_written_is_not_needed_again(self) -> None:
        folder = Path("results/trial/encoders")
        folder.mkdir(parents=True)
        with (folder / "model.safetensors").open("wb") as file:
            file.truncate(int(2.5e9))
        assert list(disk.findings(runs(), self.ITEMS)) == []

    def test_the_study_is_checked_for_it(self) -> None:
        shutil.rmtree("models/xlmr")
        big = {"vocab_size": 10_000_000, "hidden_size": 1024}
        write_config("models/xlmr", **big)
        assert "of it" in next(finding for finding in check(runs()) if finding.key == "disk").text


def test_whether_jobs_fit_a_device() -> None:
    write_config("models/xlmr", vocab_size=10_000_000)
    warning = next(finding for finding in check(runs(), "t4") if finding.key == "--gpu t4")
    assert warning.warning and "of GPU memory, a T4 has 16 GB" in warning.text
    with pytest.raises(UserError, match="there is no device 't5'"):
        check(runs(), "t5")


def test_a_size_that_is_not_known_is_said() -> None:
    Path("models/xlmr/config.json").write_text("{}", encoding="utf-8")
    broken, unknown = check(runs())
    assert (broken.key, unknown.key, unknown.warning) == ("models.xlmr", "disk", True)
    assert unknown.text.startswith("not checked, as what the study needs is not known: models/xlmr/config.json: has no")


def test_findings_stand_together_by_key_and_once() -> None:
    one, other, third = Finding("b", "1"), Finding("a", "2"), Finding("b", "3", warning=True)
    assert in_order([one, other, third, one]) == [one, third, other]


def test_only_problems_are_refused() -> None:
    refuse([Finding("a", "well.", warning=True)])
    with pytest.raises(UserError, match=r"^a: bad\.$"):
        refuse([Finding("a", "bad."), Finding("b", "well.", warning=True)])
    with pytest.raises(UserErrors, match=r"^2 things are wrong with the study:\n  - a: bad\.\n  - c: worse\.$"):
        refuse([Finding("a", "bad."), Finding("c", "worse.")])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "no file matches 'prose/*.txt'"),
        (b"", "all its files are empty, data/prose/a.txt the first of them."),
        (b"PK\0\3", "data/prose/a.txt is no text: it has a zero byte. Correct the pattern."),
    ],
)
def test_a_corpus_without_text(content: bytes | None, sentence: str) -> None:
    Path("data/prose").mkdir()
    if content is not None:
        Path("data/prose/a.txt").write_bytes(content)
    arms = {"none": {}, "text": {"masked_lm": {"text": "prose"}}}
    finding = only(found(arms=arms, text={"prose": {"files": "prose/*.txt"}}))
    assert finding.key == "text.prose.files" and sentence in str(finding) and not finding.warning
    assert found(arms={"none": {}}, text={"prose": {"files": "prose/*.txt"}}) == [], "a corpus that nothing uses"


def test_a_corpus_in_languages_is_named_by_language() -> None:
    arms = {"none": {}, "text": {"masked_lm": {"text": "prose"}}}
    keys = [finding.key for finding in found(arms=arms, text={"prose": {"languages": {"de": "de/*", "en": "en/*"}}})]
    assert keys == ["text.prose.languages.de", "text.prose.languages.en"]
