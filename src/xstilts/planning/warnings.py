"""What of a study's plan will not fit or take too long, each with what would help."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from xstilts.graph.runs import Runs
from xstilts.planning.estimates import Estimator
from xstilts.planning.jobs import GPU_RULES, JobGroup
from xstilts.planning.workload import Kind
from xstilts.wording import counted, duration, file_size, two_digits_up


def warnings_of(runs: Runs, groups: Sequence[JobGroup], estimator: Estimator) -> Iterator[str]:
    """Yield a sentence for each kind of jobs that does not fit, with what would help.

    Args:
        runs: The study's jobs.
        groups: Those of its plan.
        estimator: What they have been estimated by.
    """
    left, device = [group for group in groups if group.on_gpu and group.left], estimator.device
    room = math.inf if device.is_cpu else device.memory_gb * 1e9
    too_large: dict[Kind, JobGroup] = {}
    for group in (group for group in left if group.cost.gpu_bytes > room):
        too_large.setdefault(group.kind, group)
    for group in too_large.values():
        named = group if group.rule == "intermediate" else replace(group, arm="")
        yield (
            f"{named.label} needs about {file_size(group.cost.gpu_bytes)} of GPU memory, a {device.title} has "
            f"{device.memory_gb:g} GB. {_remedy(runs, group, estimator)}"
        )
    for rule, asked in GPU_RULES.items():
        of_rule = [group for group in left if group.rule == rule]
        if long := [group for group in of_rule if group.cost.high > asked.runtime * 60]:
            longest = max(long, key=lambda group: group.cost.high)
            yield (
                f"{rule}: {counted(sum(len(group.left) for group in long), 'job')} may take longer than the "
                f"{duration(asked.runtime * 60)} that the rule asks a cluster for; the longest, {longest.label}, about "
                f"{duration(longest.cost.seconds)}, up to {duration(longest.cost.high)}. On a cluster, add "
                f"--set-resources {rule}:runtime={two_digits_up(longest.cost.high / 60)}."
            )
        largest = max(of_rule, key=lambda group: group.cost.memory_bytes, default=None)
        if largest and largest.cost.memory_bytes > asked.mem_mb * 1e6:
            yield (
                f"{rule}: {largest.label} needs about {file_size(largest.cost.memory_bytes)} of main memory, the rule "
                f"asks a cluster for {file_size(asked.mem_mb * 1e6)}. On a cluster, add "
                f"--set-resources {rule}:mem_mb={two_digits_up(largest.cost.memory_bytes / 1e6)}."
            )
    if runs.study.compute.precision == "bfloat16" and estimator.precision != "bfloat16" and not device.is_cpu:
        yield f"compute.precision is bfloat16, which the {device.title} does not have: jobs will stop."


def _remedy(runs: Runs, group: JobGroup, estimator: Estimator) -> str:
    """The largest micro-batch that would fit, and where to set it."""
    study = runs.study
    if group.rule == "pretrain":
        continues = study.models[group.model].continues
        key = f"models.{group.model}.continue.training" if continues else "training.pretraining"
        hyper = study.pretraining(group.model)
        if hyper.batch_tokens:
            return f"Set {key}.batch_tokens to less, or {key}.micro_batch_size."
    elif group.rule == "translate":
        return "Set translation.batch_tokens or translation.beams to less."
    elif group.rule == "intermediate":
        hyper, key = study.intermediate(group.arm)[0], f"arms.{group.arm}.training"
    elif group.rule == "finetune":
        hyper, key = study.target(group.what), f"training.target.tasks.{group.what}"
    else:
        return "Take a larger GPU or a smaller encoder."
    current = size = min(hyper.micro_batch_size or hyper.batch_size, hyper.batch_size)
    while size > 1:
        size //= 2
        work = replace(group.work, micro_tokens=group.work.micro_tokens // current * size)
        if estimator.memory(group.model, work).gpu <= estimator.device.memory_gb * 1e9:
            effect = "it is also how often gradients are clipped"
            if hyper.clip_each == "step":
                effect = "a step is of as many examples as before"
            return f"Set {key}.micro_batch_size to {size}; {effect}."
    smaller = [f"train an adapter ({key}.lora)"] * (hyper.lora is None and group.rule != "pretrain")
    smaller += ["set compute.gradient_checkpointing to true"] * (not study.compute.gradient_checkpointing)
    smaller += [f"set models.{group.model}.gpus to {2 * group.work.gpus}"] * (hyper.lora is None)
    return (
        f"Not even one example at a time fits: {''.join(f'{way}, ' for way in smaller)}take a larger GPU, or a smaller "
        "encoding.max_length."
    )
