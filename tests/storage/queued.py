"""A study whose jobs run as those of a queue, each on a node of its own that shares no disk with the others."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from workspace import OWNER, REPOSITORY, Finished, Workspace

_QUEUE = Path(__file__).with_name("fake_queue.sh")
_PROFILE = "workflow/profiles/generic"
_SOURCES = ("Snakefile", "config.yaml", "workflow", "envs")


@dataclass
class Queued(Workspace):
    """A folder with the workflow and the smallest study: one arm, one target, one seed."""

    def __post_init__(self) -> None:
        for name in _SOURCES:
            source, target = REPOSITORY / name, self.folder / name
            shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)
        self.queue.mkdir()
        self.config["source"]["root"] = str(self.data)
        self.config["arms"] = {"none": {}}
        self.config["targets"] = {"xnli": {"languages": ["de", "en"]}}
        profile = yaml.safe_load((self.folder / _PROFILE / "profile.yaml").read_text(encoding="utf-8"))
        for what in ("submit", "status", "cancel"):  # the commands that users replace, with the options they are given
            key = f"cluster-generic-{what}-cmd"
            profile[key] = profile[key].replace(f"my_{what}", f"{_QUEUE} {what}")
        profile |= {"retries": 0, "latency-wait": 10, "seconds-between-status-checks": 1}
        (self.folder / _PROFILE / "profile.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")

    @property
    def queue(self) -> Path:
        return self.folder.parent / f"{self.folder.name}-queue"

    def environment(self) -> dict[str, str]:
        queue = {"FAKE_QUEUE": str(self.queue), "FAKE_QUEUE_OWNER": str(OWNER)}
        return {**super().environment(), **queue, "OMP_NUM_THREADS": "1"}

    def lose(self, rule: str, checkpoints: Path) -> None:
        """Have the node of the first job of a rule break down while it trains, once it has left a checkpoint.

        Args:
            rule: The rule, of which no other job trains at the same time.
            checkpoints: The folder of the study's checkpoints.
        """
        self.config["compute"] = {**self.config.get("compute", {}), "checkpoint_minutes": 0.0002}
        self.config["training"][{"finetune": "target", "pretrain": "pretraining"}[rule]]["max_steps"] = 300
        (self.queue / f"kill.{rule}").write_text(str(checkpoints), encoding="utf-8")

    def submit(self, *arguments: str) -> Finished:
        """Run Snakemake in this folder, whose jobs go to the queue."""
        self.write()
        options = "--configfile", "study.yaml", "--workflow-profile", _PROFILE, "--jobs", "2"
        return self.program("python", "-m", "snakemake", *arguments, *options)

    def nodes(self) -> dict[Path, str]:
        """The folder of each job's node, and the rule that ran there."""
        scripts = sorted(self.queue.glob("node*.sh"), key=lambda path: int(path.stem.removeprefix("node")))
        texts = {path.with_suffix(""): path.read_text(encoding="utf-8") for path in scripts}
        return {node: text.partition('"rule": "')[2].partition('"')[0] for node, text in texts.items()}

    def asked(self) -> dict[str, str]:
        """By rule, what the submit command was given beside the script."""
        return {
            rule: node.with_suffix(".asked").read_text(encoding="utf-8").strip() for node, rule in self.nodes().items()
        }

    def ok(self, finished: Finished) -> Finished:
        """Show the logs of the nodes where a run has failed."""
        if finished.code:
            logs = [path.read_text(encoding="utf-8")[-2000:] for path in self.queue.glob("node*.log")]
            pytest.fail("\n".join([*logs, finished.text[-4000:]]), pytrace=False)
        return finished
