"""The paths of a study's files: the only module that spells out a path below results/{study}/."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: Downloads from the Hugging Face Hub, shared by all studies.
DOWNLOADS = Path("hub")
MODELS = DOWNLOADS / "models"
TRANSLATORS = DOWNLOADS / "translators"


@dataclass(frozen=True)
class Paths:
    """Paths of one study. Arguments may be wildcards in braces: the rules pass them so.

    Attributes:
        root: The study's folder.
        partial: Whether summaries are of the finished jobs only. They have a folder of their own: Snakemake could take
            a file at one of its own outputs for up to date.
    """

    root: Path
    partial: bool = False

    @property
    def study(self) -> Path:
        """The study that ran last, for people's commands and notebooks."""
        return self.root / "study.json"

    @property
    def storage(self) -> Path:
        """The storage that has the results of the study that ran last; there only if they are in one."""
        return self.root / "storage.json"

    def frozen(self, digest: str) -> Path:
        """A study as it was planned, which its jobs read; named after its content, so that it never changes."""
        return self.root / "studies" / f"{digest}.json"

    @property
    def checksums(self) -> Path:
        """The checksums of the files that the study reads and no job makes."""
        return self.root / "checksums.json"

    @property
    def raw(self) -> Path:
        """Generated data in the layout of official releases."""
        return self.root / "raw"

    @property
    def generated(self) -> Path:
        """Written last when data is generated."""
        return self.raw / "manifest.json"

    def prefetched(self, task: str) -> Path:
        """The downloads that a task's data is made from: revisions and checksums."""
        return self.root / "prefetched" / f"{task}.json"

    def machine_translations(self, translator: str) -> Path:
        """The texts that a translator has translated, for all studies beside this one; no study has such a name."""
        return self.root.parent / ".translations" / translator

    @property
    def heads(self) -> Path:
        """A file for each Snakemake that runs a study in the same folder as this one."""
        return self.root.parent / ".heads"

    def data(self, task: str) -> Path:
        """The folder of a task's examples."""
        return self.root / "data" / task

    def data_manifest(self, task: str) -> Path:
        """The checksums of a task's files of examples."""
        return self.data(task) / "manifest.json"

    @property
    def prepared(self) -> Path:
        """Exists once all data of the study has been read and checked."""
        return self.root / "data" / "complete"

    def examples(self, task: str, split: str, language: str) -> Path:
        """The examples of one split and language."""
        return self.data(task) / f"{split}.{language}.parquet"

    def tokenizer(self, model: str) -> Path:
        """The folder of a model's tokenizer."""
        return self.root / "tokenizers" / model

    def tokenizer_file(self, model: str) -> Path:
        """The tokenizer itself, in the format of the tokenizers library."""
        return self.tokenizer(model) / "tokenizer.json"

    def tokens(self, model: str, task: str) -> Path:
        """The folder of a task's examples as token ids."""
        return self.root / "tokens" / model / task

    def encoded(self, model: str, task: str, split: str, language: str) -> Path:
        """The token ids of one split and language."""
        return self.tokens(model, task) / f"{split}.{language}.arrow"

    def tokens_manifest(self, model: str, task: str) -> Path:
        """The checksums of a task's files of token ids."""
        return self.root.joinpath("tokens", model, task, "manifest.json")

    def pretrained(self, model: str) -> Path:
        """The folder of an encoder that the study pretrains itself."""
        return self.root / "encoders" / model / "pretrained"

    def encoder(self, model: str, arm: str, seed: int | str) -> Path:
        """The folder of the encoder that an arm has trained."""
        return self.root.joinpath("encoders", model, arm, f"seed{seed}")

    def part(self, kind: str, model: str, arm: str, what: str, seed: int | str, suffix: str = "parquet") -> Path:
        """A file of one job; ``kind`` is scores, dev_scores, predictions, records or logs."""
        return self.root.joinpath(kind, model, arm, what, f"seed{seed}.{suffix}")  # one call: made for every job

    def record_of_pretraining(self, model: str) -> Path:
        """A copy of the record of pretraining a model, beside the records of :meth:`part`."""
        return self.root / "records" / model / "pretraining.json"

    def attempts(self, *job: str | int) -> Path:
        """The attempts at a job of :meth:`part`, or at pretraining a model."""
        names = (*job, "pretraining") if len(job) == 1 else (*job[:-1], f"seed{job[-1]}")
        return self.root.joinpath("attempts", *map(str, names[:-1]), f"{names[-1]}.json")

    @property
    def checkpoints(self) -> Path:
        """Checkpoints of unfinished jobs, in folders named after their run ids."""
        return self.root / ".checkpoints"

    @property
    def kept(self) -> Path:
        """Results of jobs of a cluster until all are collected, in folders named after their run ids."""
        return self.root / ".kept"

    @property
    def tracking(self) -> Path:
        """The folder of learning curves that training jobs hand to a tracking library."""
        return self.root / "tracking"

    def tracked(self, job: Iterable[str | int], run: str) -> Path:
        """The folder of the curves of one run of a job, given by model, arm, training set and seed."""
        model, arm, what, seed = map(str, job)
        return self.tracking.joinpath(model, *([arm] if arm else []), what, f"seed{seed}-{run}")

    def log(self, *parts: str) -> Path:
        """The log of a rule or of one of its jobs."""
        return self.root.joinpath("logs", *parts[:-1], f"{parts[-1]}.log")

    def benchmark(self, *parts: str) -> Path:
        """Snakemake's benchmark of a rule or of one of its jobs."""
        return self.root.joinpath("benchmarks", *parts[:-1], f"{parts[-1]}.tsv")

    def shard(self, name: str) -> Path:
        """Exists once a part of the study has been run by a Snakemake of its own."""
        return self.root / "shards" / name

    @property
    def partials(self) -> Path:
        """The folder of the summaries of an unfinished study."""
        return self.root / "partial"

    @property
    def summaries(self) -> Path:
        """The folder of the files that are made from the results of all jobs."""
        return self.partials if self.partial else self.root

    @property
    def scores(self) -> Path:
        """The scores of all jobs."""
        return self.summaries / "scores.parquet"

    @property
    def dev_scores(self) -> Path:
        """Scores on the data that checkpoints and thresholds were chosen on."""
        return self.summaries / "dev_scores.parquet"

    @property
    def curves(self) -> Path:
        """The learning curves of all jobs."""
        return self.summaries / "curves.parquet"

    @property
    def similarity(self) -> Path:
        """The similarities of intermediate tasks and targets."""
        return self.root / "similarity.parquet"

    @property
    def answers(self) -> Path:
        """The folder of effects, tests and the answers to the research questions."""
        return self.summaries / "answers"

    @property
    def report(self) -> Path:
        """The report, one HTML file."""
        return self.summaries / "report.html"

    @property
    def submission(self) -> Path:
        """The folder of the submissions to XTREME."""
        return self.root / "submission"

    @property
    def paper(self) -> Path:
        """The folder of what a paper on the study needs beside its tables."""
        return self.root / "paper"

    @property
    def tables(self) -> Path:
        """The folder of the tables."""
        return self.summaries / "tables"

    @property
    def figures(self) -> Path:
        """The folder of the figures."""
        return self.summaries / "figures"

    def table_files(self, targets: Iterable[str]) -> list[Path]:
        """Every table in every format; ``targets`` have a table each."""
        names = ("main", "groups", *targets, "languages", "dev", "published", "ledger", "data")
        return [self.tables / f"{name}.{kind}" for name in names for kind in ("csv", "md", "tex", "html")]
