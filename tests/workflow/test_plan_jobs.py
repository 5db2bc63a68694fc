"""``xstilts plan`` counts what Snakemake counts."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import small_corpora
import yaml
from workspace import REPOSITORY, Workspace

from xstilts.planning.jobs import CPU_MINUTES, GPU_RULES


def plan_of(workspace: Workspace, *given: str) -> dict[str, Any]:
    found = workspace.xstilts("plan", *given, "--gpu", "a100-80", "--json").ok()
    return dict(json.loads(found.text))


def jobs(workspace: Workspace, which: str = "jobs") -> Counter[str]:
    """From the YAML file alone; ``workspace.counts()`` has written it."""
    return +Counter(plan_of(workspace, "--config", "study.yaml")[which])


def test_the_tiny_study_before_it_has_run(workspace: Workspace) -> None:
    (workspace.folder / "study.yaml").write_text(yaml.safe_dump(workspace.config), encoding="utf-8")
    found = jobs(workspace)
    assert not workspace.results.exists()
    assert found == jobs(workspace, "left") == workspace.counts()


def test_the_stored_study_gives_the_same(workspace: Workspace) -> None:
    counts = workspace.counts()
    workspace.snakemake("--touch").ok()  # stores the study, and runs nothing
    assert Counter(plan_of(workspace, "--study", f"results/{workspace.study}/study.json")["jobs"]) == counts


@pytest.mark.parametrize(
    "study",
    [
        "phang2020",
        "phang2020_as_published",
        "xtreme_baseline",
        "xtreme_r_baseline",
        "real_slices",
        "q2_code",
        "phang2020_alternatives",
    ],
)
def test_the_studies_of_the_repository(tmp_path: Path, study: str) -> None:
    path = REPOSITORY / "workflow" / "studies" / f"{study}.yaml"
    workspace = Workspace(tmp_path, yaml.safe_load(path.read_text(encoding="utf-8")))
    small_corpora.write(workspace)
    counts = workspace.counts()
    assert jobs(workspace) == counts


def test_the_demo(tmp_path: Path) -> None:
    demo = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    workspace = Workspace(tmp_path, demo)
    counts = workspace.counts()
    assert jobs(workspace) == counts


def test_data_of_the_hub(tmp_path: Path) -> None:
    study = yaml.safe_load((REPOSITORY / "workflow" / "studies" / "phang2020.yaml").read_text(encoding="utf-8"))
    study["source"] = {"kind": "hub", "files": ["bucc2018", "ccg", "udpos"]}
    workspace = Workspace(tmp_path, study)
    counts = workspace.counts()
    assert counts["prefetch_data"] > 0
    assert jobs(workspace) == counts


def test_what_the_rules_ask_a_cluster_for() -> None:
    rules = (REPOSITORY / "workflow" / "rules").glob("*.smk")
    blocks = re.split(r"^ *rule ", "\n".join(path.read_text(encoding="utf-8") for path in rules), flags=re.MULTILINE)
    asked, minutes = {}, {}
    for block in blocks:
        values = dict(re.findall(r"^ +(mem_mb|runtime)=(\d+),$", block, re.MULTILINE))
        minutes[block.split(":")[0]] = int(values.get("runtime", 0))
        if re.search(r"^ +gpu=", block, re.MULTILINE):
            asked[block.split(":")[0]] = (int(values["mem_mb"]), int(values["runtime"]))
    assert asked == {rule: (one.mem_mb, one.runtime) for rule, one in GPU_RULES.items()}
    assert CPU_MINUTES.items() <= minutes.items()
