"""A study in parts: the commands that are shown, and which jobs each of them plans."""

from __future__ import annotations

import shlex

import pytest
from workspace import Workspace

from xstilts.config.study import load, store


@pytest.fixture
def large(workspace: Workspace) -> Workspace:
    """A study with two seeds."""
    workspace.config["seeds"] = [1, 2]
    workspace.write()
    return workspace


def commands(study: Workspace, *arguments: str) -> list[list[str]]:
    """What follows snakemake in the commands that are shown, without the config file, which the workspace names."""
    text = study.xstilts("shard", "--study", "study.yaml", *arguments).ok().text
    shown = [shlex.split(line)[1:] for line in text.splitlines() if not line.startswith("#")]
    for command in shown:
        at = command.index("--configfile")
        assert command[at + 1] == "study.yaml"
        del command[at : at + 2]
    return shown


def test_parts_by_seed_plan_their_own_jobs_and_together_the_whole_study(large: Workspace) -> None:
    whole = set(large.planned())
    shared, *parts, summary = commands(large)
    assert len(parts) == 2
    read_by_all = {job for job in large.planned(*shared) if not job.startswith("shard")}
    assert {job.split(" ")[0] for job in read_by_all} == {
        *("prepare", "prepared", "text", "tokenizer", "encode", "pretrain"),
    }
    found = [{job for job in large.planned(*part) if not job.startswith("shard")} - read_by_all for part in parts]
    assert not found[0] & found[1]
    for seed, jobs in enumerate(found, start=1):
        assert {job.split(" ")[0] for job in jobs} == {"intermediate", "finetune", "retrieve"}
        assert all(job.endswith(f" {seed}") for job in jobs)
    left = {job.split(" ")[0] for job in whole - read_by_all - found[0] - found[1]}
    assert summary[0] == "--allowed-rules" and left <= set(summary[1:])


def test_parts_by_model_have_a_name_each(large: Workspace) -> None:
    large.config["models"]["other"] = large.config["models"]["small"]
    large.write()
    _, *parts, _ = commands(large, "--by", "model")
    assert parts == [[f"results/{large.study}/shards/model-{name}"] for name in ("small", "other")]


def test_once_all_scores_are_there_the_summary_plans_nothing_else(large: Workspace) -> None:
    large.pretend()
    large.results.joinpath("scores.parquet").unlink()
    *_, summary = commands(large)
    assert {job.split(" ")[0] for job in large.planned(*summary)} <= set(summary[1:])


def test_a_study_that_has_run_is_not_what_snakemake_reads(large: Workspace) -> None:
    stored = large.results / "study.json"
    store(load(large.config), stored)
    refused = large.xstilts("shard", "--study", str(stored))
    assert refused.code == 1 and "give its YAML file" in refused.text
