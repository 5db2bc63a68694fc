"""A study on the test cluster: Snakemake in the background, with the profile that users get; its jobs' processes."""

from __future__ import annotations

import os
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

PROFILE = REPOSITORY / "workflow" / "profiles" / "slurm"
_IMPATIENT = Path(__file__).with_name("impatient.py")


@dataclass(frozen=True)
class Process:
    """The process that does a job's work: the one that Snakemake's shell has become."""

    pid: int
    #: What CUDA_VISIBLE_DEVICES says.
    devices: str

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

    def profile(self, resources: dict[str, dict[str, Any]] | None = None, **changes: Any) -> Path:
        """The folder of the users' profile with some values changed, as a user would edit it."""
        profile = yaml.safe_load((PROFILE / "profile.yaml").read_text(encoding="utf-8"))
        profile |= {"latency-wait": 10, **changes}
        for rule, values in (resources or {}).items():
            profile["set-resources"][rule] = {**profile["set-resources"].get(rule, {}), **values}
        path = self.folder / "profile" / "profile.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(profile), encoding="utf-8")
        return path.parent

    @contextmanager
    def running(self, profile: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Snakemake in the background; interrupted, which cancels its jobs, if it is still there at the end."""
        (self.folder / "study.yaml").write_text(yaml.safe_dump(self.config, sort_keys=False), encoding="utf-8")
        command = [sys.executable, str(_IMPATIENT), "--snakefile", str(REPOSITORY / "Snakefile")]
        command += ["--configfile", "study.yaml", "--workflow-profile", str(profile), *arguments]
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONPATH": str(self.package),
            "OMP_NUM_THREADS": "1",
        }
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
        return self.folder / "printed.txt"

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
