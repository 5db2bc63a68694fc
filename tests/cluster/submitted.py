"""A study on the test cluster: Snakemake in the background, with the profile that users get; its jobs' processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from slurm import Job, Slurm
from workspace import REPOSITORY, Finished, Workspace

from xstilts.cli import forkserver

PROFILE = REPOSITORY / "workflow" / "profiles" / "slurm"
#: A fine-tuning for each fate that a job can meet, long enough to be met in training.
SEEDS = [1, 2, 3, 4, 5]
STEPS = 1000

_IMPATIENT = Path(__file__).with_name("impatient.py")


@dataclass(frozen=True)
class Process:
    """The process that does a job's work: the one that Snakemake's shell has become."""

    pid: int
    #: What CUDA_VISIBLE_DEVICES says.
    devices: str

    def has(self, option: str, value: str) -> bool:
        """Whether its command line gives an option this value; not if it has ended."""
        try:
            return f"{option}\0{value}\0".encode() in Path(f"/proc/{self.pid}/cmdline").read_bytes()
        except OSError:
            return False

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on, if it is still there."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)

    def was_told_to_stop(self) -> bool:
        """Whether SIGTERM waits for the process to go on, or has ended it."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return True
        pending = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigPnd", "ShdPnd"))]
        return any(mask >> (signal.SIGTERM - 1) & 1 for mask in pending)


@dataclass
class Submitted(Workspace):
    """A folder with a study whose jobs go to SLURM."""

    #: The study's file.
    file: str = "study.yaml"

    def profile(
        self, resources: dict[str, dict[str, Any]] | None = None, groups: str | None = None, **changes: Any
    ) -> Path:
        """The folder of the users' profile with some values changed, as a user would edit it.

        ``groups``: the name of groups of fine-tunings, with wildcards; the lines on groups are comments without.
        """
        text = (PROFILE / "profile.yaml").read_text(encoding="utf-8")
        if groups is not None:
            text = re.sub(
                r"^# (groups:.*?)(?=^$)", lambda found: found[1].replace("\n# ", "\n"), text, flags=re.M | re.S
            )
            text = text.replace("cells_{model}_{arm}_{seed}", groups)
        profile = yaml.safe_load(text)
        profile |= {"latency-wait": 10, **changes}
        for rule, values in (resources or {}).items():
            profile["set-resources"][rule] = {**profile["set-resources"].get(rule, {}), **values}
        path = self.folder / f"profile_{self.study}" / "profile.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(profile), encoding="utf-8")
        return path.parent

    def environment(self) -> dict[str, str]:
        """That of a user: jobs on nodes share no imports."""
        shared = super().environment()
        del shared[forkserver.OWNER]
        return {**shared, "OMP_NUM_THREADS": "1"}

    @contextmanager
    def running(self, profile: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Snakemake in the background; interrupted, which cancels its jobs, if it is still there at the end."""
        (self.folder / self.file).write_text(yaml.safe_dump(self.config, sort_keys=False), encoding="utf-8")
        command = [sys.executable, str(_IMPATIENT), "--snakefile", str(REPOSITORY / "Snakefile")]
        command += ["--configfile", self.file, "--workflow-profile", str(profile), *arguments]
        environment = {**os.environ, **self.environment()}
        with self.printed.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                command, cwd=self.folder, env=environment, text=True, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(60)

    def submit(self, *arguments: str, profile: Path | None = None, seconds: float = 600) -> Finished:
        """Run Snakemake to its end."""
        with self.running(profile or self.profile(), *arguments) as process:
            return self.end(process, seconds)

    def end(self, process: subprocess.Popen[str], seconds: float) -> Finished:
        """What Snakemake leaves behind when it ends within this time."""
        code = process.wait(seconds)
        return Finished(code, self.printed.read_text(encoding="utf-8"))

    @property
    def printed(self) -> Path:
        return self.folder / f"{self.file}.txt"

    def finetuning_log(self, seed: str) -> Path:
        return self.results / "logs" / "small" / "none" / "xnli" / f"seed{seed}.log"


def seed_of(job: Job) -> str:
    """The last of the wildcards in a job's comment."""
    return job.comment.rsplit("_", 1)[1]


def processes(cluster: Slurm) -> dict[str, Process]:
    """By SLURM's id, the process that works on each running job; of jobs where it has started."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            lines = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended meanwhile
        if not any(Path(os.fsdecode(word)).name == "xstilts" for word in words[:2]):
            continue
        variables = dict(line.decode().split("=", 1) for line in lines if b"=" in line)
        if "SLURM_JOB_ID" in variables:
            process = Process(int(folder.name), variables.get("CUDA_VISIBLE_DEVICES", ""))
            found[variables["SLURM_JOB_ID"]] = process
    return found
