"""What translations cost in a plan: jobs, time, memory and disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny_translators
from configs import ready_made

from xstilts.config.available import as_available
from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.planning.gpus import GPUS
from xstilts.planning.plan import StudyPlan, plan
from xstilts.planning.translation import TranslatorShape, shape_of_translator

HUB = f"hf://facebook/nllb-200-distilled-600M@{'0' * 40}"
XLMR = "hf://FacebookAI/xlm-roberta-large@c23d21b0620b635a76227c604d44e43a9f0ee389"


def planned(folder: Path, gpu: str = "a100-80", **translation: Any) -> tuple[StudyPlan, Runs]:
    config = ready_made(
        models={"xlmr": {"path": XLMR}},
        arms={"none": {}, "other": {"tasks": ["mnli"], "languages": ["de", "sw"]}},
        translation={"model": HUB, **translation},
    )
    runs = Runs(as_available(load(config)), folder=folder / "results")
    return plan(runs, GPUS[gpu], 1), runs


def seconds(made: StudyPlan) -> float:
    return next(group.cost.seconds for group in made.groups if group.rule == "translate")


def test_a_plan_has_the_jobs_that_snakemake_has(tmp_path: Path) -> None:
    made, runs = planned(tmp_path)
    jobs = made.jobs()
    assert (jobs["translate"], jobs["prefetch_translator"]) == (2, 1)
    assert jobs["encode"] == len(runs.study.tasks()) + 2 and jobs["prepare"] == len(runs.study.tasks())
    labels = [group.label for group in made.groups if group.rule == "translate"]
    assert labels == ["translate on mnli.de", "translate on mnli.sw"]
    disk = {item.what: item.bytes for item in made.disk}
    assert 1e9 < disk["downloaded models for translation"] < 4e9
    done = runs.paths.data_manifest("mnli.de")
    done.parent.mkdir(parents=True)
    done.write_text('{"files": {}}', encoding="utf-8")
    assert planned(tmp_path)[0].jobs(left=True)["translate"] == 1


def test_mnli_takes_minutes_to_hours_on_a_large_gpu_and_more_beams_take_longer(tmp_path: Path) -> None:
    assert 600 < seconds(planned(tmp_path)[0]) < 4 * 3600
    assert seconds(planned(tmp_path, gpu="t4", beams=8)[0]) > 1.5 * seconds(planned(tmp_path, gpu="t4", beams=2)[0])
    assert seconds(planned(tmp_path, batch_tokens=512)[0]) > seconds(planned(tmp_path)[0])


def test_batches_that_are_too_large_are_warned_of(tmp_path: Path) -> None:
    assert not [text for text in planned(tmp_path)[0].warnings if "translat" in text]
    (warning, *_) = [text for text in planned(tmp_path, batch_tokens=1_000_000)[0].warnings if "translate" in text]
    assert warning.endswith("Set translation.batch_tokens or translation.beams to less.")


def test_the_shape_is_that_of_the_config_or_of_a_known_name(tmp_path: Path) -> None:
    tiny_translators.write("m2m", tmp_path)
    assert shape_of_translator(tmp_path, "translation.model") == TranslatorShape(100, 16, 1, 1, 16)
    known = shape_of_translator(Path("hub/translators/Helsinki-NLP--opus-mt-en-de--0"), "translation.model")
    assert 5e7 < known.parameters < 1e8
    with pytest.raises(UserError, match=r"^translation.model: nowhere/config.json is not there"):
        shape_of_translator(Path("nowhere"), "translation.model")
