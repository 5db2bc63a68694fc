"""``xstilts doctor --slurm`` on a real SLURM: one that takes a study's jobs, and one that would not."""

from __future__ import annotations

from slurm import Slurm
from submitted import Submitted


def test_a_cluster_in_order_whose_nodes_see_the_study(cluster: Slurm, study: Submitted) -> None:
    study.xstilts("doctor", "--slurm", "--profile", str(study.profile()), "--run").ok()


def test_a_mistyped_partition_a_time_limit_and_a_short_memory(cluster: Slurm, study: Submitted) -> None:
    profile = study.profile({"finetune": {"slurm_partition": "gpuu"}})
    gpu = "PartitionName=gpu Nodes=large,small MaxTime="
    with cluster.configured({"MinJobAge=3600": "MinJobAge=100", f"{gpu}INFINITE": f"{gpu}60"}):
        done = study.xstilts("doctor", "--slurm", "--profile", str(profile))
    problems = [line.split(": ", 2)[1:] for line in done.text.splitlines() if line.startswith("problem: ")]
    assert done.code == 1
    assert ["slurm.conf, MinJobAge", problems[0][1]] == problems[0]
    assert problems[0][1].startswith("SLURM forgets a job 100 s after its end; the executor then asks sacct")
    by_rule = {text.split()[0]: (place, text) for place, text in problems[1:]}
    assert by_rule["finetune"][1].endswith("which this cluster does not have. Did you mean 'gpu'?")
    line = int(by_rule["finetune"][0].rsplit(" ", 1)[1])
    assert "gpuu" in (profile / "profile.yaml").read_text(encoding="utf-8").splitlines()[line - 1]
    assert by_rule["pretrain"][1].startswith("pretrain asks for 240 minutes, and the partition gpu allows 60.")
