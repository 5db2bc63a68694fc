"""A study that SLURM runs and nobody disturbs; and one with a job that cannot succeed."""

from __future__ import annotations

import shutil

import pandas as pd
import yaml
from conftest import SEEDS
from slurm import Slurm
from submitted import Submitted, processes


def test_a_study_runs_from_the_first_file_to_the_report(undisturbed: Submitted):
    scores = pd.read_parquet(undisturbed.results / "scores.parquet")
    assert set(scores.seed) == set(SEEDS)
    assert undisturbed.results.joinpath("report.html").is_file()


def test_jobs_go_to_the_partition_that_they_need(undisturbed: Submitted, cluster: Slurm):
    columns = "Partition:10,tres-per-job:20,Comment:80,WorkDir:300"
    lines = cluster.call("squeue", "--noheader", "--states=all", f"--Format={columns}").splitlines()
    jobs = [line.split() for line in lines if line.rstrip().endswith(str(undisturbed.folder))]
    assert {(partition, gpus) for partition, gpus, *_ in jobs} == {("cpu", "N/A"), ("gpu", "gres:gpu:1")}
    on_gpus = {comment.split("_")[1] for partition, _, comment, _ in jobs if partition == "gpu"}
    assert on_gpus == {"pretrain", "finetune", "similarity"}


def devices_of_finetuning(cluster: Slurm) -> list[str]:
    working = processes(cluster)
    return [working[job.id].devices for job in cluster.running("finetune") if job.id in working]


def test_what_fails_for_good_is_named_and_the_rest_goes_on(again: Submitted, cluster: Slurm):
    """Without cgroups SLURM samples a job's memory, kills it and calls it FAILED; with them, OUT_OF_MEMORY.

    The other job asks for its GPU as GRES.
    """
    (again.results / "similarity.parquet").unlink()
    again.finetuning_log("1").unlink()
    scores = again.results / "scores" / "small" / "none" / "xnli" / "seed1.parquet"
    before = scores.read_bytes()
    scores.unlink()
    shutil.rmtree(again.results / "studies")
    profile = again.profile({"similarity": {"mem_mb": 100}, "finetune": {"gpu": 0, "gres": "gpu:1"}}, retries=1)
    wanted = str(scores.relative_to(again.folder)), "results/tiny/similarity.parquet"
    with again.running(profile, *wanted) as snakemake:
        cluster.wait(lambda: any(again.results.glob("studies/*.json")), 60, "the plan")
        edited = {**again.config, "training": {"target": {"max_steps": 40, "batch_size": 2}}}
        (again.folder / "study.yaml").write_text(yaml.safe_dump(edited), encoding="utf-8")  # before any job reads it
        cluster.wait(lambda: bool(devices_of_finetuning(cluster)), 120, "the fine-tuning to start")
        assert devices_of_finetuning(cluster) in (["0"], ["1"], ["2"], ["3"])
        done = again.end(snakemake, 300)
    assert done.code == 1
    assert "Error in rule similarity" in done.text
    assert "exceeded memory limit" in done.text
    assert "Trying to restart job" in done.text
    assert scores.read_bytes() == before, "jobs go by the study that they were planned with"
