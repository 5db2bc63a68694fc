"""A model that is trained on two GPUs: SLURM gives each of its trainings both, and a CPU core for each."""

from __future__ import annotations

import json

from slurm import Slurm
from submitted import Submitted


def test_trainings_ask_for_all_gpus_of_their_model_at_once(again: Submitted, cluster: Slurm) -> None:
    again.config["models"]["small"]["gpus"] = 2
    again.config["training"]["target"]["max_steps"] = 4
    again.submit("results/tiny/scores/small/none/xnli/seed1.parquet").ok()

    columns = "NumCPUs:10,tres-per-job:20,Comment:80,WorkDir:300"
    lines = cluster.call("squeue", "--noheader", "--states=all", f"--Format={columns}").splitlines()
    jobs = [line.split() for line in lines if line.rstrip().endswith(str(again.folder))]
    assert {comment.split("_")[1]: (cores, gpus) for cores, gpus, comment, _ in jobs} == {
        "pretrain": ("2", "gres:gpu:2"),
        "finetune": ("2", "gres:gpu:2"),
    }
    record = json.loads((again.results / "records" / "small" / "none" / "xnli" / "seed1.json").read_bytes())
    assert record["hardware"]["device"] == "2 x CPU", "the test cluster's GPUs are files alone"
