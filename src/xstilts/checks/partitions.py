"""Whether jobs fit the limits and the nodes of the partitions that they ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from xstilts.cluster.parsing import gpus
from xstilts.cluster.requests import Request
from xstilts.cluster.slurm import Cluster
from xstilts.graph.runs import Runs
from xstilts.wording import counted, listed


def fits(cluster: Cluster, asked: Sequence[str], rule: str, requests: Sequence[Request]) -> Iterator[tuple[str, str]]:
    """Iterate over what a rule's jobs ask for beyond what their partitions have.

    Args:
        cluster: The cluster.
        asked: The partitions, of which SLURM takes the one that starts the job first; they exist.
        rule: The rule.
        requests: What its jobs ask for.

    Yields:
        The resource that is to be changed, and a sentence.
    """
    partitions = [cluster.partitions[name] for name in asked]
    where = f"partition{'s' * (len(asked) > 1)} {listed(asked)}"
    if not any(partition.up for partition in partitions):
        yield "slurm_partition", f"{rule} asks for the {where}, which {'is' if len(asked) == 1 else 'are'} not up."
    largest_request = max(requests, key=lambda request: request.number("runtime"))
    longest, members = largest_request.number("runtime"), largest_request.members
    allowed = max(partition.minutes for partition in partitions)
    if longest > allowed and members > 1:
        yield (
            "runtime",
            f"{members} jobs of {rule} in a group ask for {longest:g} minutes, and the {where} allows {allowed:g}. "
            "Write a lower runtime for one, or a lower number of members in group-components.",
        )
    elif longest > allowed:
        yield (
            "runtime",
            f"{rule} asks for {longest:g} minutes, and the {where} allows {allowed:g}. Write runtime: {allowed:g}; a "
            "job that does not end in that time is told to stop and resumes in another one.",
        )
    nodes = [node for name in asked for node in cluster.nodes_of(name)]
    if not nodes:
        yield "slurm_partition", f"{rule} asks for the {where}, which has no nodes."
        return
    most = max(request.number("mem_mb") for request in requests)
    limit = max(partition.memory_mb for partition in partitions)
    there = min(limit, max(node.memory_mb for node in nodes))
    if most > there:
        yield (
            "mem_mb",
            f"{rule} asks for {most:g} MB of memory, and a job in the {where} can have {there:g}. Write mem_mb: "
            f"{there:g} or less, or take a partition with larger nodes.",
        )
    cores = max(request.number("cpus_per_task") for request in requests)
    if cores > (largest := max(node.cpus for node in nodes)):
        yield "cpus_per_task", f"{rule} asks for {cores:g} CPUs, and the largest node of the {where} has {largest}."
    yield from _devices(where, rule, requests, [node.gpus for node in nodes])


def _devices(
    where: str, rule: str, requests: Sequence[Request], nodes: Sequence[Counter[str]]
) -> Iterator[tuple[str, str]]:
    """What jobs ask for beyond the GPUs of a partition's nodes; each thing once."""
    types = sorted({kind for node in nodes for kind in node if kind})
    there, remedy = (f"types there: {', '.join(types)}", "one of these") if types else ("they have none", "any")
    said: set[str] = set()
    for request in requests:
        resource, wanted = _wanted(request)
        for kind, number in wanted.items():
            if any((node[kind] if kind else node.total()) >= number for node in nodes):
                continue
            what = f"{number} GPU{'s' * (number > 1)}{f' of the type {kind}' if kind else ''}"
            text = f"{rule} asks for {what}, which no node of the {where} has"
            if not any(nodes):
                text += ": it has no GPUs. Write slurm_partition: one with GPUs."
            elif kind and kind not in types:
                text += f" ({there}). Ask for {remedy}."
            else:
                text += f". The most on one node: {max(node.total() for node in nodes)}."
            if text not in said:
                said.add(text)
                yield resource, text


def too_few_gpus(runs: Runs, request: Request) -> tuple[str, str] | None:
    """The resource and a sentence, where a job asks for fewer GPUs than its model is trained on; else None."""
    model = request.wildcard("model")
    needed = runs.gpus(request.rule, model) if model in runs.study.models else 1
    resource, wanted = _wanted(request)
    if needed == 1 or wanted.total() >= needed:
        return None
    line = "" if resource == "gpu" else f", or write {resource} for {needed} of them"
    return (
        resource,
        f"{request.rule} asks for {counted(wanted.total(), 'GPU')}, and models.{model}.gpus is {needed}. Leave the "
        f"line out, as jobs ask for the GPUs of their model by themselves{line}.",
    )


def _wanted(request: Request) -> tuple[str, Counter[str]]:
    """The resource that asks for GPUs, and how many by type."""
    if "gpu" in (gres := request.resources.get("gres", "")):
        return "gres", gpus(gres)
    model, number = request.resources.get("gpu_model", ""), int(request.number("gpu"))
    if model:
        return "gpu_model", Counter({model: number or 1})
    return "gpu", Counter({"": number} if number else {})
