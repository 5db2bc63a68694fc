"""A section on methods from a study: it says what was done, and every reference that it cites is in its BibTeX."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from configs import own, ready_made
from typer.testing import CliRunner

from xstilts.cli.commands import app
from xstilts.config.study import load, store
from xstilts.graph.runs import Runs
from xstilts.jobs.paper import write_paper
from xstilts.report.paper import References, methods_section
from xstilts.report.paper.references import KNOWN
from xstilts.tasks.registry import TASKS

HUB = f"hf://someone/some-encoder@{'0' * 40}"
RECORD = {
    "software": {"torch": "2.13.0", "transformers": "5.23.0"},
    "hardware": {"device": "H200", "precision": "bf16"},
}


def section(**changes: Any) -> tuple[str, References]:
    study = load(ready_made(**changes))
    references = References(study)
    return methods_section(study, [RECORD], references), references


def cited(text: str) -> set[str]:
    return {key.removeprefix("@") for group in re.findall(r"\[(@[^\]]+)\]", text) for key in group.split("; ")}


class TestReferences:
    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"models": {"hub": {"path": HUB}}},
            {"benchmark": "xtreme_r"},
            {"training": {"target": {"lora": {}}}},
        ],
        ids=["plain", "hub", "xtreme_r", "lora"],
    )
    def test_what_is_cited_is_there_and_nothing_else(self, changes: dict[str, Any]) -> None:
        text, references = section(**changes)
        assert cited(text) == set(references.entries)
        keys = re.findall(r"^@\w+\{([^,]+),$", references.text(), re.MULTILINE)
        assert sorted(keys) == sorted(references.entries)

    def test_the_study_s_data_sets_are_cited(self) -> None:
        text, references = section()
        for task in ("mnli", "qqp", "xnli", "xquad", "squad_v1", "mlqa", "tatoeba"):
            assert TASKS[task].citation.strip() in references.text()
        assert "MNLI [@williams-etal-2018-broad]" in text

    @pytest.mark.parametrize("name", [*KNOWN, *TASKS])
    def test_every_reference_is_bibtex(self, name: str) -> None:
        citation = (KNOWN.get(name) or TASKS[name].citation).strip()
        if citation:
            assert re.match(r"@\w+\{[\w.-]+,\n", citation) and citation.endswith("}")
            assert citation.count("{") == citation.count("}")
            assert {"title", "author"} <= set(re.findall(r"^  (\w+) = ", citation, re.MULTILINE))

    def test_models_of_the_hub_are_cited_at_their_commit(self) -> None:
        text, references = section(models={"hub": {"path": HUB}})
        assert "someone/some-encoder [@someone-some-encoder]" in text
        assert f"commit {'0' * 40}" in references.entries["someone-some-encoder"]
        assert references.lacking == []

    def test_what_has_no_reference_is_told(self) -> None:
        mine = {"type": "classification", "files": {"train": "a.tsv", "dev": "b.tsv"}, "labels": ["no", "yes"],
                "columns": {"premise": 0, "label": 1}}  # fmt: skip
        _, references = section(tasks={"mine": mine}, arms={"none": {}, "mine": {"tasks": ["mine"]}})
        assert references.lacking == ["mine", "the encoder 'xlmr' (models.xlmr)"]

    def test_generated_data_is_not_that_of_the_publications(self) -> None:
        source = {"kind": "synthetic"}
        study = load(own(source=source, targets={"xnli": {"languages": ["en"]}}) | {"retrieval": {}})
        references = References(study)
        text = methods_section(study, [], references)
        assert "All data is generated" in text and "say nothing about real languages" in text
        assert not cited(text) & {"conneau-etal-2018-xnli", "williams-etal-2018-broad", "hu-etal-2020-xtreme"}
        assert "conneau-etal-2020-unsupervised" in cited(text), "the architecture is XLM-R's"


class TestSection:
    def test_values_of_all_trainings_are_said_once(self) -> None:
        text, _ = section(training={"intermediate": {"tasks": {"mnli": {"batch_size": 8}}}})
        assert text.count("a weight decay of 0.01") == 1
        assert "Intermediate training: on MNLI, batches of 8; on pair, batches of 32." in text
        assert "a learning rate of 1e-05" in text and "linear warm-up over 10 % of the steps" in text

    def test_values_that_were_chosen_from_are_listed(self) -> None:
        text, _ = section(training={"target": {"learning_rate": [1e-5, 3e-5]}})
        assert "the best on dev data of the learning rates 1e-05 and 3e-05" in text

    def test_seeds_arms_and_software(self) -> None:
        text, _ = section()
        assert (
            "seeds 1 and 2" in text
            and "MNLI [@williams-etal-2018-broad] and QQP [@iyer-etal-2017-first], mixed" in text
        )
        assert "PyTorch 2.13.0" in text and "jobs ran on H200 in bf16" in text

    def test_adapters_are_cited_where_there_are_some(self) -> None:
        assert "LoRA" not in section()[0]
        assert "LoRA [@hu-etal-2022-lora]" in section(training={"target": {"lora": {}}})[0]


def test_the_command_writes_both_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runs = Runs(load(ready_made()))
    store(runs.study, runs.paths.study)
    done = CliRunner().invoke(app, ["cite", "--study", str(runs.paths.study)])
    assert done.exit_code == 0 and "No reference is known for the encoder 'xlmr' (models.xlmr)" in done.output
    folder = tmp_path / "results" / "trial" / "paper"
    assert cited((folder / "methods.md").read_text()) <= set(
        re.findall(r"\{([^,{}]+),", (folder / "references.bib").read_text())
    )
    before = (folder / "methods.md").read_bytes()
    write_paper(runs)
    assert (folder / "methods.md").read_bytes() == before
