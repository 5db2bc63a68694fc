"""What a study's jobs will ask a cluster for: the plan of a dry run, with the profile that a run would have."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from xstilts.errors import UserError

_GROUP = re.compile(r"Group job \S+ \(.*\):\n((?:\n| {4}.*\n)+)")
_JOB = re.compile(r"^rule (\w+):\n((?: {4}.*\n)+)", re.MULTILINE)
#: Rules without a command, which Snakemake does where it runs.
_NOT_SUBMITTED = {"all", "prepared"}
_RESOURCE = re.compile(r"(\w+)=(.*?)(?=, \w+=|$)")


@dataclass(frozen=True)
class Request:
    """What one job of SLURM asks for.

    Attributes:
        rule: Its rule; of a group, that of its first member.
        wildcards: As Snakemake prints them.
        resources: By name, as text; what depends on files that are not there yet is left out.
        members: How many jobs it is a group of; 1 for a single job.
    """

    rule: str
    wildcards: str
    resources: dict[str, str]
    members: int = 1

    def wildcard(self, name: str) -> str:
        """The value of a wildcard; empty if the job has none of this name."""
        found = re.search(rf"\b{name}=([^,]+)", self.wildcards)
        return found[1] if found else ""

    def number(self, resource: str) -> float:
        """A resource as a number; 0 if the job does not ask for it."""
        text = self.resources.get(resource, "")
        return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else 0.0


def planned_requests(snakefile: Path, configfile: Path, profile: Path) -> list[Request]:
    """Have Snakemake plan a study, and return what each job that it would submit asks for.

    Args:
        snakefile: The workflow.
        configfile: The study.
        profile: The profile's folder.

    Raises:
        UserError: Snakemake cannot plan it.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--dry-run", "--nocolor", "--nolock"]
    command += ["--workflow-profile", str(profile), "--configfile", str(configfile)]
    done = subprocess.run(command, text=True, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        last = "\n".join((done.stderr + done.stdout).strip().splitlines()[-8:])
        raise UserError(f"Snakemake cannot plan the study with {profile / 'profile.yaml'}:\n{last}")
    text = done.stdout + done.stderr
    groups = (_of_group(list(_requests(dedent(block)))) for block in _GROUP.findall(text))
    return [*_requests(text), *groups]


def _of_group(members: Sequence[Request]) -> Request:
    """What a group asks for whose members run one after the other, as the profile's lines on groups have it."""
    first = members[0]
    time, memory = sum(one.number("runtime") for one in members), max(one.number("mem_mb") for one in members)
    together = {"runtime": f"{time:g}", "mem_mb": f"{memory:g}"}
    return Request(first.rule, first.wildcards, {**first.resources, **together}, len(members))


def _requests(text: str) -> Iterator[Request]:
    for rule, block in _JOB.findall(text):
        values = dict(line.strip().split(": ", 1) for line in block.splitlines() if ": " in line)
        resources = dict(_RESOURCE.findall(values.get("resources", "")))
        if rule not in _NOT_SUBMITTED:
            known = {name: value for name, value in resources.items() if value != "<TBD>"}
            yield Request(rule, values.get("wildcards", ""), known)
