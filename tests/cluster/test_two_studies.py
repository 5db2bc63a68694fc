"""Two studies of one folder, each with its Snakemake, at the same time."""

from __future__ import annotations

from pathlib import Path

import tiny_release
from slurm import Slurm
from submitted import Submitted

MANIFEST = "results/{}/data/xnli/manifest.json"


def test_the_end_of_one_leaves_the_queued_jobs_of_the_other(cluster: Slurm, tmp_path: Path) -> None:
    """SLURM writes each job's log into a folder that was made when it was submitted; without it the job fails."""
    tiny_release.write(tmp_path / "data")
    first, second = Submitted(tmp_path), Submitted(tmp_path, file="second.yaml")
    second.config["study"] = "second"
    later = second.profile({"prepare": {"slurm_partition": "urgent"}})
    cluster.call("scontrol", "update", "PartitionName=urgent", "State=DOWN")
    try:
        with second.running(later, MANIFEST.format("second")) as waiting:
            cluster.wait(lambda: any(job.state == "PENDING" for job in cluster.jobs()), 90, "a job in the queue")
            first.submit(MANIFEST.format("tiny")).ok()
            status = second.xstilts("status", "--study", "results/second/study.json").ok().text
            assert "prepare xnli: PENDING [SLURM job " in status
            assert "no snakemake waits for" not in status
            cluster.call("scontrol", "update", "PartitionName=urgent", "State=UP")
            second.end(waiting, 120).ok()
    finally:
        cluster.call("scontrol", "update", "PartitionName=urgent", "State=UP")
    assert (tmp_path / MANIFEST.format("second")).is_file()
