"""Where everything of a study lies: the only place that spells out a path below results/{study}/."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: What is downloaded from the Hugging Face Hub, for all studies.
DOWNLOADS = Path("hub")
MODELS = DOWNLOADS / "models"


@dataclass(frozen=True)
class Paths:
    """Paths of one study. Arguments may be wildcards in braces, which is how the rules use them."""

    root: Path
    #: Whether what sums the study up is that of its finished jobs alone. It lies apart: a file in a place where
    #: Snakemake makes one could later be taken for up to date.
    partial: bool = False

    @property
    def study(self) -> Path:
        """The checked config, which every job reads."""
        return self.root / "study.json"

    @property
    def raw(self) -> Path:
        """Generated data in the layout of official releases."""
        return self.root / "raw"

    @property
    def generated(self) -> Path:
        return self.raw / "manifest.json"

    def prefetched(self, task: str) -> Path:
        """What of the Hub's data a task uses: revisions and checksums."""
        return self.root / "prefetched" / f"{task}.json"

    def data(self, task: str) -> Path:
        return self.root / "data" / task

    def data_manifest(self, task: str) -> Path:
        return self.data(task) / "manifest.json"

    @property
    def prepared(self) -> Path:
        """Says that all of the study's data has been read and found to be in order."""
        return self.root / "data" / "complete"

    def examples(self, task: str, split: str, language: str) -> Path:
        return self.data(task) / f"{split}.{language}.parquet"

    def tokenizer(self, model: str) -> Path:
        return self.root / "tokenizers" / model

    def tokenizer_file(self, model: str) -> Path:
        return self.tokenizer(model) / "tokenizer.json"

    def tokens(self, model: str, task: str) -> Path:
        return self.root / "tokens" / model / task

    def encoded(self, model: str, task: str, split: str, language: str) -> Path:
        return self.tokens(model, task) / f"{split}.{language}.arrow"

    def tokens_manifest(self, model: str, task: str) -> Path:
        return self.root.joinpath("tokens", model, task, "manifest.json")

    def pretrained(self, model: str) -> Path:
        return self.root / "encoders" / model / "pretrained"

    def encoder(self, model: str, arm: str, seed: int | str) -> Path:
        return self.root.joinpath("encoders", model, arm, f"seed{seed}")

    def part(self, kind: str, model: str, arm: str, what: str, seed: int | str, suffix: str = "parquet") -> Path:
        """A file of one job: ``kind`` is scores, dev_scores, predictions, records, …"""
        return self.root.joinpath(kind, model, arm, what, f"seed{seed}.{suffix}")  # ten thousand times: one step

    def attempts(self, *job: str | int) -> Path:
        """What has been tried of a job of :meth:`part`, or of pretraining a model."""
        names = (*job, "pretraining") if len(job) == 1 else (*job[:-1], f"seed{job[-1]}")
        return self.root.joinpath("attempts", *map(str, names[:-1]), f"{names[-1]}.json")

    @property
    def checkpoints(self) -> Path:
        """Where jobs that have not ended keep their state, in folders named after their runs' ids."""
        return self.root / ".checkpoints"

    def log(self, *parts: str) -> Path:
        return self.root.joinpath("logs", *parts[:-1], f"{parts[-1]}.log")

    def benchmark(self, *parts: str) -> Path:
        return self.root.joinpath("benchmarks", *parts[:-1], f"{parts[-1]}.tsv")

    @property
    def partials(self) -> Path:
        """What sums up a study that has not come to its end."""
        return self.root / "partial"

    @property
    def summaries(self) -> Path:
        """Where what is made from the results of all jobs lies."""
        return self.partials if self.partial else self.root

    @property
    def scores(self) -> Path:
        return self.summaries / "scores.parquet"

    @property
    def dev_scores(self) -> Path:
        """Scores on what checkpoints and thresholds were chosen on."""
        return self.summaries / "dev_scores.parquet"

    @property
    def similarity(self) -> Path:
        """How alike intermediate tasks and targets are."""
        return self.root / "similarity.parquet"

    @property
    def answers(self) -> Path:
        return self.summaries / "answers"

    @property
    def report(self) -> Path:
        return self.summaries / "report.html"

    @property
    def submission(self) -> Path:
        return self.root / "submission"

    @property
    def tables(self) -> Path:
        return self.summaries / "tables"

    @property
    def figures(self) -> Path:
        return self.summaries / "figures"

    def table_files(self, targets: Iterable[str]) -> list[Path]:
        names = ("main", "groups", *targets, "languages", "dev", "published", "ledger", "data")
        return [self.tables / f"{name}.{kind}" for name in names for kind in ("csv", "md", "tex", "html")]
