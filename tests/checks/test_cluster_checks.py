"""What ``xstilts doctor --slurm`` finds, from texts that SLURM's programs have printed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from configs import ready_made
from workspace import REPOSITORY

from xstilts.checks.cluster import findings
from xstilts.cluster import parsing, requests, slurm
from xstilts.cluster.profile import Profile, read_profile
from xstilts.cluster.requests import Request
from xstilts.cluster.slurm import Cluster, read_cluster
from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.graph.runs import Runs

#: Of SLURM 22.05, shortened; by the first words of the command.
PRINTED = {
    "scontrol show config": """\
Configuration data as of 2026-11-29T00:50:12
AccountingStorageType   = accounting_storage/slurmdbd
MinJobAge               = 3600 sec
PreemptMode             = GANG,SUSPEND
PreemptType             = preempt/partition_prio
""",
    "scontrol show partition": """\
PartitionName=cpu AllowGroups=ALL AllowAccounts=ALL Default=YES MaxTime=UNLIMITED MaxNodes=UNLIMITED PreemptMode=OFF \
State=UP TotalNodes=1 MaxMemPerNode=UNLIMITED TRES=cpu=8,mem=64000M,node=1,billing=8
PartitionName=gpu AllowGroups=ALL AllowAccounts=nlp,vision Default=NO MaxTime=1-00:00:00 PreemptMode=CANCEL \
State=UP TotalNodes=2 MaxMemPerNode=128000 TRES=cpu=80,mem=700000M,node=2,billing=80
PartitionName=old AllowGroups=ALL AllowAccounts=ALL Default=NO MaxTime=UNLIMITED PreemptMode=OFF State=DOWN TotalNodes=0
""",
    "sinfo": """\
cpu|c1|64000|8|(null)
gpu|g1|515000|40|gpu:a100:4(S:0-1),lustre:1
gpu|g2|185000|40|gpu:v100:2(S:0)
""",
    "sacctmgr --noheader --parsable2 show associations": "nlp||normal,long\nnlp|gpu|normal\n",
    "sacctmgr --noheader --parsable2 show qos": "normal|12:00:00\nlong|\n",
}

RUNS = Runs(load(ready_made(models={"m": {"path": "a"}, "large": {"path": "b", "gpus": 4}})))


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    def printed(*command: str) -> str:
        return next(text for words, text in PRINTED.items() if " ".join(command).startswith(words))

    monkeypatch.setattr(slurm, "_output", printed)
    return read_cluster()


@pytest.fixture
def said(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What is found with the users' profile, where a fine-tuning asks for this and the profile has that changed."""
    monkeypatch.chdir(tmp_path)

    def found(profile: dict[str, Any] | None = None, model: str = "m", **resources: str) -> list[str]:
        shipped = yaml.safe_load((REPOSITORY / "workflow" / "profiles" / "slurm" / "profile.yaml").read_text())
        Path("profile.yaml").write_text(yaml.safe_dump({**shipped, **(profile or {})}), encoding="utf-8")
        asked = {"slurm_partition": "gpu", "gpu": "1", "runtime": "720", "mem_mb": "32000", **resources}
        asked = {name: value for name, value in asked.items() if value}
        request = Request("finetune", f"model={model}, arm=none, training_set=xnli, seed=1", asked)
        return [str(one) for one in findings(cluster, read_profile(Path.cwd()), [request], RUNS) if not one.warning]

    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30", 30), ("90:30", 90.5), ("12:00:00", 720), ("1-00:00:00", 1440), ("2-12", 3600), ("UNLIMITED", math.inf)],
)
def test_time_limits(text: str, expected: float) -> None:
    assert parsing.minutes(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gpu:a100:4(S:0-1),lustre:1", {"a100": 4}),
        ("gpu:2", {"": 2}),
        ("gpu", {"": 1}),
        ("gpu:nvidia_h100_80gb_hbm3:8(S:0-1),gpu:l4:1", {"nvidia_h100_80gb_hbm3": 8, "l4": 1}),
        ("(null)", {}),
    ],
)
def test_gpus_by_type(text: str, expected: dict[str, int]) -> None:
    assert parsing.gpus(text) == Counter(expected)


def test_what_fits(said: Callable[..., list[str]]) -> None:
    assert said() == []
    assert said(gpu="", gres="gpu:a100:4", slurm_account="nlp", qos="long") == []
    assert said(slurm_partition="cpu,gpu", mem_mb="128000") == []


@pytest.mark.parametrize(
    ("resources", "line"),
    [
        ({"slurm_partition": "gpus"}, "asks for the partition 'gpus', which this cluster does not have. Did you mean"),
        ({"slurm_partition": "old", "gpu": ""}, "asks for the partition old, which is not up."),
        ({"runtime": "1500"}, "asks for 1500 minutes, and the partition gpu allows 1440. Write runtime: 1440"),
        ({"mem_mb": "200000"}, "asks for 200000 MB of memory, and a job in the partition gpu can have 128000."),
        ({"cpus_per_task": "64"}, "asks for 64 CPUs, and the largest node of the partition gpu has 40."),
        ({"slurm_partition": "cpu"}, "which no node of the partition cpu has: it has no GPUs."),
        ({"gpu_model": "h100"}, "the type h100, which no node of the partition gpu has (types there: a100, v100)"),
        ({"gpu": "", "gres": "gpu:v100:3"}, "3 GPUs of the type v100, which no node of the partition gpu has. The"),
        ({"slurm_account": "nlq"}, "charged to the account 'nlq', which is not one of yours. Did you mean 'nlp'?"),
        ({"slurm_account": "nlp", "qos": "lang"}, "the QOS 'lang', which your account does not have. Did you mean"),
        ({"qos": "normal", "runtime": "900"}, "asks for 900 minutes, and the QOS 'normal' allows 720."),
    ],
)  # fmt: skip
def test_what_does_not_fit(said: Callable[..., list[str]], resources: dict[str, str], line: str) -> None:
    found = said(**resources)
    assert len(found) >= 1
    assert found[0].startswith("profile.yaml, line ")
    assert any(f"finetune {line}" in text or line in text for text in found), found


@pytest.mark.parametrize(
    ("resources", "asked"),
    [
        ({"gpu": "1"}, "asks for 1 GPU, and models.large.gpus is 4. Leave the line out, as jobs ask for the GPUs of"),
        ({"gpu": "", "gres": "gpu:a100:1"}, "by themselves, or write gres for 4 of them."),
        ({"gpu": "4"}, ""),
        ({"gpu": "", "gres": "gpu:a100:4"}, ""),
        ({"gpu": "4", "gpu_model": "a100"}, ""),
    ],
)
def test_a_model_that_is_trained_on_several_gpus(
    said: Callable[..., list[str]], resources: dict[str, str], asked: str
) -> None:
    found = said(model="large", **resources)
    assert len(found) == bool(asked) and all(asked in text for text in found)


@pytest.mark.parametrize("command", ["sacct", None])
def test_sacct_is_refused_with_the_reason(said: Callable[..., list[str]], command: str | None) -> None:
    (found,) = said({"slurm-status-command": command})
    assert "CANCELLED by" in found and "for ever" in found and found.endswith("Write: squeue")


def test_another_executor(said: Callable[..., list[str]]) -> None:
    (found,) = said({"executor": "local"})
    assert "executor is local: jobs do not go to SLURM" in found


@pytest.mark.parametrize(("age", "problems", "warnings"), [(3600, 0, 0), (300, 0, 1), (150, 1, 0), (60, 1, 0)])
def test_how_long_slurm_remembers(cluster: Cluster, age: int, problems: int, warnings: int) -> None:
    cluster.settings["MinJobAge"] = f"{age} sec"
    profile = read_profile(REPOSITORY / "workflow" / "profiles" / "slurm")
    found = [one for one in findings(cluster, profile, [], RUNS) if "MinJobAge" in one.key]
    assert [sum(not one.warning for one in found), sum(one.warning for one in found)] == [problems, warnings]


def test_partitions_whose_jobs_are_cancelled_are_named(cluster: Cluster) -> None:
    profile = read_profile(REPOSITORY / "workflow" / "profiles" / "slurm")
    asked = [Request("finetune", "", {"slurm_partition": name}) for name in ("gpu", "cpu")]
    (found,) = findings(cluster, profile, asked, RUNS)
    assert found.warning and found.text.startswith("is CANCEL for the partition gpu:")


def test_the_line_of_a_value(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(
        "executor: slurm\nset-resources:\n  pretrain: &gpu\n    nodes: 1\n  finetune: *gpu\n", encoding="utf-8"
    )
    profile = Profile(path, {})
    assert profile.place("set-resources", "finetune", "nodes").endswith("line 4")
    assert profile.place("set-resources", "finetune", "runtime").endswith("line 5")
    assert profile.place("jobs").endswith("line 1")


def test_what_jobs_ask_for_is_read_off_a_dry_run() -> None:
    text = """\
rule finetune:
    output: results/a.parquet
    wildcards: model=m, seed=1
    resources: tmpdir=/tmp, disk_mb=<TBD>, mem_mb=32000, mem=32 GB, gpu=1, slurm_extra=--signal=TERM@300, runtime=720
[Sun Nov 29 00:42:44 2026]
localrule collect:
    output: results/scores.parquet
    resources: mem_mb=4000
rule all:
    input: results/scores.parquet
    resources: mem_mb=1
"""
    (found,) = requests._requests(text)
    assert (found.rule, found.wildcards) == ("finetune", "model=m, seed=1")
    assert (found.number("mem_mb"), found.number("gpu"), found.number("disk_mb")) == (32000, 1, 0)
    assert found.resources["slurm_extra"] == "--signal=TERM@300"


def test_a_group_asks_for_the_time_of_all_members_and_the_memory_of_the_largest(cluster: Cluster) -> None:
    member = """\
    [Sun Nov 29 01:39:48 2026]
    rule finetune:
        wildcards: model=m, arm=none, training_set={name}, seed=1
        resources: tmpdir=/tmp, mem_mb={memory}, gpu=1, slurm_partition=gpu, runtime=900
"""
    members = member.format(name="xnli", memory=8000) + member.format(name="pawsx", memory=9000)
    text = f"[Sun Nov 29 01:39:48 2026] Group job cells_m_none_1 (jobs in lexicogr. order):\n\n{members}rule all:\n"
    assert list(requests._requests(text)) == []
    (block,) = requests._GROUP.findall(text)
    group = requests._of_group(list(requests._requests(dedent(block))))
    assert (group.members, group.number("runtime"), group.number("mem_mb"), group.number("gpu")) == (2, 1800, 9000, 1)
    profile = read_profile(REPOSITORY / "workflow" / "profiles" / "slurm")
    (found,) = (one for one in findings(cluster, profile, [group], RUNS) if not one.warning)
    assert found.text.startswith(
        "2 jobs of finetune in a group ask for 1800 minutes, and the partition gpu allows 1440."
    )


def test_without_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match="there is no scontrol here"):
        read_cluster()
