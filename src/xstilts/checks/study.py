"""All that is checked of a study."""

from __future__ import annotations

from xstilts.checks import corpora, data, disk, limits, settings, tracking, translation
from xstilts.checks.findings import Finding, in_order
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.planning.gpus import GPUS, gpus_of
from xstilts.planning.plan import plan as plan_of


def quick(runs: Runs) -> list[Finding]:
    """What is found without loading an encoder, or estimating what jobs cost."""
    subjects = limits, data, corpora, translation, settings, tracking
    return in_order(finding for subject in subjects for finding in subject.findings(runs))


def check(runs: Runs, gpu: str = "") -> list[Finding]:
    """Everything that is found, with each ready-made encoder tried out.

    Args:
        runs: The study's jobs.
        gpu: The device that jobs will run on, as ``xstilts plan`` takes it; empty: whether they fit it is not checked.

    Raises:
        UserError: There is no such device.
    """
    from xstilts.checks.models import tried_out

    devices, found = gpus_of(gpu) if gpu else (GPUS["cpu"],), quick(runs)
    for model in runs.study.models:
        if not runs.pretrains(model) and limits.at_hand(runs, model):
            found += tried_out(runs, model)
    try:
        plans = [plan_of(runs, device) for device in devices]
    except UserError as error:
        found.append(Finding("disk", f"not checked, as what the study needs is not known: {error}", warning=True))
    else:
        found += disk.findings(runs, plans[0].disk)
        for estimated in plans if gpu else ():
            found += [Finding(f"--gpu {estimated.device.name}", text, warning=True) for text in estimated.warnings]
    return in_order(found)
