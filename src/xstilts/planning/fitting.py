"""What will not fit: on the GPU, or in what the workflow's rules ask a cluster for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from xstilts.config.settings import Hyperparameters
from xstilts.graph.runs import Runs
from xstilts.planning.estimates import Estimator
from xstilts.planning.groups import Group
from xstilts.planning.wording import amount, duration, two_digits_up
from xstilts.wording import counted


@dataclass(frozen=True)
class Asked:
    """What a rule asks a cluster for: main memory in MB, minutes."""

    mem_mb: int
    runtime: int


#: As in workflow/rules.
ASKED = {
    "pretrain": Asked(16_000, 240),
    "intermediate": Asked(32_000, 1440),
    "finetune": Asked(32_000, 720),
    "retrieve": Asked(32_000, 240),
    "similarity": Asked(16_000, 120),
}


def warnings(runs: Runs, groups: Sequence[Group], estimator: Estimator) -> list[str]:
    """One sentence for each kind of jobs that does not fit, and what would help."""
    left = [group for group in groups if group.on_gpu and group.left]
    found = [*_too_large(runs, left, estimator)]
    for rule, asked in ASKED.items():
        of_rule = [group for group in left if group.rule == rule]
        found += [*_too_long(of_rule, asked), *_too_much(of_rule, asked)]
    if runs.study.compute.precision == "bfloat16" and estimator.precision != "bfloat16" and not estimator.gpu.is_cpu:
        found.append(f"compute.precision is bfloat16, which the {estimator.gpu.title} has not: jobs will stop.")
    return found


def _too_large(runs: Runs, groups: Sequence[Group], estimator: Estimator) -> Iterator[str]:
    """Jobs that need more memory than the GPU has; arms of the same training set are named once."""
    gpu, seen = estimator.gpu, set()
    for group in groups:
        where = group.rule, group.model, group.arm if group.rule == "intermediate" else group.what
        if gpu.is_cpu or where in seen or group.estimate.gpu_bytes <= gpu.memory_gb * 1e9:
            continue
        seen.add(where)
        named = group if group.rule == "intermediate" else replace(group, arm="")
        needs = f"{named.label} needs about {amount(group.estimate.gpu_bytes)} of GPU memory, a {gpu.title} has "
        yield needs + f"{gpu.memory_gb:g} GB. {_remedy(runs, group, estimator)}"


def _remedy(runs: Runs, group: Group, estimator: Estimator) -> str:
    """The largest micro-batch that would fit, and where to set it."""
    hyper, key = _hyper(runs, group)
    if hyper is None:
        return "Take a larger GPU or a smaller encoder."
    current = min(hyper.micro_batch_size or hyper.batch_size, hyper.batch_size)
    longest, size = group.work.micro_tokens // current, current
    while size > 1:
        size //= 2
        work = replace(group.work, micro_tokens=size * longest)
        if estimator.modelled_memory(group.model, work).gpu <= estimator.gpu.memory_gb * 1e9:
            effect = (
                "a step is of as many examples as before"
                if hyper.clip_each == "step"
                else "it is also how often gradients are clipped"
            )
            return f"Set {key}.micro_batch_size to {size}; {effect}."
    return "Not even one example at a time fits: take a larger GPU, or a smaller encoding.max_length."


def _hyper(runs: Runs, group: Group) -> tuple[Hyperparameters | None, str]:
    """What a group's jobs train with, and the section of the config that says so for it."""
    if group.rule == "pretrain":
        return runs.study.training.pretraining, "training.pretraining"
    if group.rule == "intermediate":
        return runs.study.intermediate(group.arm), f"arms.{group.arm}.training"
    if group.rule == "finetune":
        return runs.study.target(group.what), f"training.target.tasks.{group.what}"
    return None, ""


def _too_long(groups: Sequence[Group], asked: Asked) -> Iterator[str]:
    """Jobs that a cluster might end before they are done."""
    limit = asked.runtime * 60
    long = [group for group in groups if group.estimate.high > limit]
    if not long:
        return
    longest = max(long, key=lambda group: group.estimate.high)
    rule, one = longest.rule, longest.estimate
    jobs = counted(sum(len(group.left) for group in long), "job")
    yield (
        f"{rule}: {jobs} may take longer than the {duration(limit)} that the rule asks a cluster for; the longest, "
        f"{longest.label}, about {duration(one.seconds)}, up to {duration(one.high)}. "
        f"On a cluster, add --set-resources {rule}:runtime={two_digits_up(one.high / 60)}."
    )


def _too_much(groups: Sequence[Group], asked: Asked) -> Iterator[str]:
    """Jobs that a cluster might end for the main memory they use."""
    large = [group for group in groups if group.estimate.memory_bytes > asked.mem_mb * 1e6]
    if not large:
        return
    largest = max(large, key=lambda group: group.estimate.memory_bytes)
    rule, needed = largest.rule, largest.estimate.memory_bytes
    yield (
        f"{rule}: {largest.label} needs about {amount(needed)} of main memory, the rule asks a cluster for "
        f"{amount(asked.mem_mb * 1e6)}. On a cluster, add --set-resources {rule}:mem_mb={two_digits_up(needed / 1e6)}."
    )
