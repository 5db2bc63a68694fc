"""Whether a cluster with SLURM takes the jobs of a study, as a profile has them submitted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from xstilts.checks.findings import Finding
from xstilts.checks.partitions import fits, too_few_gpus
from xstilts.cluster.profile import Profile
from xstilts.cluster.requests import Request
from xstilts.cluster.slurm import Cluster, sees
from xstilts.errors import did_you_mean
from xstilts.graph.runs import Runs
from xstilts.wording import listed

#: Seconds between two questions of the executor, at the most, and what a busy SLURM may add.
_LONGEST_PAUSE, _SAFE_AGE = 180, 300
#: With less, the executor asks sacct whatever its profile says.
_SQUEUE_AGE = 120


def findings(cluster: Cluster, profile: Profile, requests: Sequence[Request], runs: Runs) -> Iterator[Finding]:
    """Iterate over what would fail, or may.

    Args:
        cluster: The cluster.
        profile: The profile that jobs are submitted with.
        requests: What each job asks for.
        runs: The study's jobs.
    """
    yield from _executor(profile)
    yield from _memory_of_slurm(cluster)
    by_rule: dict[str, list[Request]] = {}
    for request in requests:
        by_rule.setdefault(request.rule, []).append(request)
    for rule, of_rule in by_rule.items():
        yield from _rule(cluster, profile, rule, of_rule)
        for resource, text in dict.fromkeys(filter(None, (too_few_gpus(runs, request) for request in of_rule))):
            yield Finding(_place(profile, rule, resource), text)
    yield from _preemption(cluster, requests)


def unseen(cluster: Cluster, profile: Profile, requests: Sequence[Request], paths: Sequence[str]) -> Iterator[Finding]:
    """Run a short job in each partition that jobs ask for, and tell which does not see the study and its programs.

    Args:
        cluster: The cluster.
        profile: The profile that jobs are submitted with.
        requests: What each job asks for.
        paths: What nodes have to see.
    """
    for partition in _partitions_of(cluster, requests):
        if said := sees(partition, profile.account(), paths):
            yield Finding(
                f"partition {partition}",
                f"a job that looks for {listed(paths)} fails there: {said}. Every node has to see these under the same "
                "path: put study and environment on a file system that the nodes share.",
            )


def _executor(profile: Profile) -> Iterator[Finding]:
    executor = profile.values.get("executor")
    if executor != "slurm":
        yield Finding(
            profile.place("executor"), f"executor is {executor or 'not set'}: jobs do not go to SLURM. Write: slurm"
        )
    command = profile.values.get("slurm-status-command")
    if command != "squeue":
        yield Finding(
            profile.place("slurm-status-command"),
            f"slurm-status-command is {command or 'not set, which stands for sacct where it is there'}. sacct reports "
            "a cancelled job as 'CANCELLED by' and a number, which the executor does not know: it waits for the job "
            "for ever. Write: squeue",
        )


def _memory_of_slurm(cluster: Cluster) -> Iterator[Finding]:
    """How long SLURM remembers jobs that are over; the executor looks for them there."""
    age = cluster.min_job_age
    if age is None or age > _SAFE_AGE:
        return
    risk = (
        "the executor then asks sacct, whatever the profile says, and waits for cancelled jobs for ever"
        if age < _SQUEUE_AGE
        else f"the executor looks every {_LONGEST_PAUSE} s at the least often, and may never see that a job has ended"
    )
    yield Finding(
        "slurm.conf, MinJobAge",
        f"SLURM forgets a job {age} s after its end; {risk}. Ask those who run the cluster for MinJobAge=3600.",
        warning=age > _LONGEST_PAUSE,
    )


def _rule(cluster: Cluster, profile: Profile, rule: str, requests: Sequence[Request]) -> Iterator[Finding]:
    """What is wrong with the requests of one rule; each thing once, with its largest request."""
    names = dict.fromkeys(request.resources.get("slurm_partition", "") for request in requests)
    for name in names:
        asked = [part for part in name.split(",") if part] or [cluster.default_partition]
        missing = [part for part in asked if part not in cluster.partitions]
        if missing and missing != [""]:
            yield Finding(
                _place(profile, rule, "slurm_partition"),
                f"{rule} asks for the partition '{missing[0]}', which this cluster does not have. "
                f"{did_you_mean(missing[0], cluster.partitions)}",
            )
        elif missing:
            yield Finding(
                _place(profile, rule, "slurm_partition"),
                f"{rule} names no partition, and this cluster has no default one. Write slurm_partition: one of "
                f"{', '.join(cluster.partitions)}.",
            )
        else:
            of_name = [request for request in requests if request.resources.get("slurm_partition", "") == name]
            for resource, text in fits(cluster, asked, rule, of_name):
                yield Finding(_place(profile, rule, resource), text)
    for account, qos in dict.fromkeys(
        (request.resources.get("slurm_account", ""), request.resources.get("qos", "")) for request in requests
    ):
        of_pair = [request for request in requests if request.resources.get("qos", "") == qos]
        yield from _accounting(cluster, profile, rule, account, qos, max(r.number("runtime") for r in of_pair))


def _accounting(
    cluster: Cluster, profile: Profile, rule: str, account: str, qos: str, runtime: float
) -> Iterator[Finding]:
    if cluster.associations is None:
        return
    accounts = sorted({association.account for association in cluster.associations})
    if not accounts:
        yield Finding("SLURM", "has no account for you: it may refuse your jobs. Ask those who run the cluster.")
        return
    if account and account not in accounts:
        yield Finding(
            _place(profile, rule, "slurm_account"),
            f"{rule} is charged to the account '{account}', which is not one of yours. "
            f"{did_you_mean(account, accounts)}",
        )
    allowed = {
        name
        for association in cluster.associations
        if association.account == account or not account
        for name in association.qos
    }
    limits = cluster.qos_minutes or {}
    if qos and qos not in allowed:
        yield Finding(
            _place(profile, rule, "qos"),
            f"{rule} asks for the QOS '{qos}', which your account does not have. {did_you_mean(qos, sorted(allowed))}",
        )
    elif qos and runtime > limits.get(qos, float("inf")):
        yield Finding(
            _place(profile, rule, "runtime"),
            f"{rule} asks for {runtime:g} minutes, and the QOS '{qos}' allows {limits[qos]:g}. Write runtime: "
            f"{limits[qos]:g}, or take another QOS.",
        )


def _preemption(cluster: Cluster, requests: Iterable[Request]) -> Iterator[Finding]:
    """Name the partitions whose jobs are cancelled when others need their place."""
    preempts = cluster.settings.get("PreemptType", "").rsplit("/", 1)[-1] not in ("", "none", "(null)")
    names = [name for name in _partitions_of(cluster, requests) if preempts and cluster.preempts_by_cancelling(name)]
    if names:
        yield Finding(
            "slurm.conf, PreemptMode",
            f"is CANCEL for the partition{'s' * (len(names) > 1)} {listed(names)}: a job that is preempted and does "
            "not end by itself in its time of grace counts as PREEMPTED, and the executor waits for SLURM to start it "
            "again, which it does not. Where that happens interrupt snakemake and start it again, or ask for a "
            "partition that puts jobs back into the queue.",
            warning=True,
        )


def _partitions_of(cluster: Cluster, requests: Iterable[Request]) -> list[str]:
    """The partitions of this cluster that jobs ask for."""
    asked = chain.from_iterable(
        (request.resources.get("slurm_partition") or cluster.default_partition).split(",") for request in requests
    )
    return [name for name in dict.fromkeys(asked) if name in cluster.partitions]


def _place(profile: Profile, rule: str, resource: str) -> str:
    """Where a rule's resource is set: its own section, else the default, else where the rule's section would be."""
    own = profile.values.get("set-resources", {}).get(rule, {})
    defaults = profile.values.get("default-resources", {})
    if resource not in own and resource in defaults:
        return profile.place("default-resources", resource)
    return profile.place("set-resources", rule, resource)
