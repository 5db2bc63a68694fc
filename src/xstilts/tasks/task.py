"""What a task is: one dataset of one type, with everything that is true of it in one declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from xstilts.tasks.languages import ENGLISH, Language

TaskTypeName = Literal[
    "classification", "tagging", "span_qa", "multiple_choice", "retrieval", "dual_encoder", "masked_lm"
]
#: ``pool`` has the candidates that are searched for all queries of a task, whatever their language.
Split = Literal["train", "dev", "test", "pool"]
#: Numbers of examples by split, or by (split, language code); what stands under a split alone holds for its other
#: languages.
Counts = Mapping[str | tuple[str, str], int]
#: By split, the alternatives: templates of the paths of files that are read together, in this order. Placeholders are
#: ``{split}``, ``{code}`` and ``{iso3}`` of the language, and ``{name}``, what the release calls it.
FilePatterns = Mapping[str, tuple[tuple[str, ...], ...]]

POOL = "pool"
SPLITS: tuple[Split, ...] = ("train", "dev", "test", "pool")


@dataclass(frozen=True, kw_only=True, eq=False)
class HubPart:
    """One repository of the Hugging Face Hub that a task's examples come from, at a pinned commit.

    Attributes:
        repository: namespace/name.
        revision: The commit, 40 hexadecimal digits; branches and tags may move.
        splits: The repository's names of our splits.
        converter: How rows become canonical ones: a name in :data:`xstilts.sources.hub.rows.CONVERTERS`.
        columns: The repository's names of the columns that the converter reads, by its own names for them.
        config: Template over a language's ``code``, ``iso3`` and ``name``; None for a repository with one unnamed
            config.
        rows: Numbers of rows that a download must have; None: those of the release, ``Task.examples``.
        label_names: What labels are called here, by their name in the repository, where that is another one.
        language_names: What ``name`` is for languages that the language table calls otherwise.
        skip_unlabelled: Whether rows with the label -1 (annotators disagreed) are left out rather than refused.
        prefix: Stands before the ids of a task that has several parts.
        loss: Why another number of rows is no surprise.
        note: What a reader of a download's record should know.
    """

    repository: str
    revision: str
    splits: Mapping[str, str]
    converter: str
    columns: Mapping[str, str] = field(default_factory=dict)
    config: str | None = None
    rows: Counts | None = None
    label_names: Mapping[str, str] = field(default_factory=dict)
    language_names: Mapping[str, str] = field(default_factory=dict)
    skip_unlabelled: bool = False
    prefix: str = ""
    loss: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """One dataset of one task type.

    A task with English training and dev files can be an intermediate task and a training set of targets; one with
    ``primary_metrics`` and ``trained_on`` (or of type retrieval) and evaluation files can be a target.

    Attributes:
        name: What configs call it; also a folder name.
        title: What readers call it.
        type: One of the modules of :mod:`xstilts.task_types`.
        licence: Of the data.
        homepage: Where the release is described.
        citation: BibTeX of the publication to cite.
        files: Where a release's files lie below the data root, by split; a split that is not there does not exist. The
            original release comes first, then what XTREME's ``scripts/download_data.sh`` makes of it.
        reader: How its files are read: ``module.function`` of :mod:`xstilts.sources.readers`.
        primary_metrics: The task's score is the mean of these.
        languages: Of its evaluation splits (ISO 639-1), sorted; training data is English.
        labels: In the order of their ids; empty where the set is open (CCG: read off the training split) or
            meaningless.
        trained_on: The task whose English training split a target is fine-tuned on: itself, another task (SQuAD for
            XQuAD and MLQA), or None (retrieval).
        examples: How many examples the full release has; retrieval counts the sentences of both sides.
        presumed: The keys of ``examples`` whose numbers are estimates.
        inputs_per_example: Inputs of the encoder per example: 1, or the number of choices.
        tokens_per_input: Typical tokens of an input in XLM-R's pieces (span QA: question and whole context).
        hub: The repositories that it comes from; empty where the Hub has it not at all or not whole.
        hub_missing: Why ``hub`` is empty, as a sentence.
        hub_lacks: Languages that the pinned repositories of the Hub do not have.
        hub_mixed_up: By language, which other data the Hub's copy mixes into its evaluation files.
        language_names: What the release calls languages in file names and ids, where that is not their English name in
            lower case.
        without_dev: Languages that have a test split only.
        unlabelled_splits: Splits whose gold answers XTREME's script strips: such files may come without.
        submission: What a file of a submission to XTREME or XTREME-R holds; None where the task is not submitted.
        unanswerable: Span QA: a question may have no answer.
        answer_rules: Span QA: whose normalisation of answers counts.
        scored_by_part: Classification: also scored by what stands before the first slash of ids.
        single_sentence: Classification: an example is one sentence, not a pair.
        matching: Retrieval: every English sentence has exactly one translation, or pairs are mined from two pools.
            Dual encoders: a query has its own answers, or also those of the same query in other languages.
        language_prefix: Tagging: the raw release writes each word as ``{code}:{word}``.
        columns: For the readers of own tasks: where the fields of an example are, by their canonical names.
        separator: For the readers of own tasks: between the columns of a line.
        mixed_train: Whether the training files hold several languages, of which the reader takes those of one.
        metadata: What readers keep of each example beside its type's columns, as text: by these, domains are chosen.
    """

    name: str
    title: str
    type: TaskTypeName
    licence: str
    files: FilePatterns
    reader: str
    homepage: str = ""
    citation: str = ""
    primary_metrics: tuple[str, ...] = ()
    languages: tuple[str, ...] = (ENGLISH,)
    labels: tuple[str, ...] = ()
    trained_on: str | None = None
    examples: Counts = field(default_factory=dict)
    presumed: frozenset[str | tuple[str, str]] = frozenset()
    inputs_per_example: int = 1
    tokens_per_input: int = 60
    hub: tuple[HubPart, ...] = ()
    hub_missing: str = ""
    hub_lacks: tuple[str, ...] = ()
    hub_mixed_up: Mapping[str, str] = field(default_factory=dict)
    language_names: Mapping[str, str] = field(default_factory=dict)
    without_dev: tuple[str, ...] = ()
    unlabelled_splits: tuple[str, ...] = ("test",)
    submission: Literal["labels", "tags", "answers", "pairs", "line_numbers", "choices", "entities"] | None = None
    unanswerable: bool = False
    answer_rules: Literal["squad", "mlqa"] = "squad"
    scored_by_part: bool = False
    single_sentence: bool = False
    matching: Literal["one_to_one", "mined_pairs", "in_every_language"] = "one_to_one"
    language_prefix: bool = False
    columns: Mapping[str, str | int | tuple[str | int, ...]] = field(default_factory=dict)
    separator: Literal["tab", "space"] = "tab"
    mixed_train: bool = False
    metadata: tuple[str, ...] = ()

    @property
    def trains(self) -> bool:
        """Whether the task has English training and dev data of its own, labelled ones."""
        return self.type != "masked_lm" and {"train", "dev"} <= set(self.files)

    @property
    def is_target(self) -> bool:
        """Whether the task can be a target: it has a test split, and data to fine-tune on or no need of any."""
        return self.has("test") and (self.trained_on is not None or self.type == "retrieval")

    @property
    def tuned_on_dev(self) -> bool:
        """Whether scoring a language needs its dev split, on which a threshold is chosen."""
        return self.type == "retrieval" and self.matching == "mined_pairs"

    @property
    def trains_by_language(self) -> bool:
        """Whether the names of its training files depend on the language, as XNLI's and PAN-X's do."""
        patterns = [pattern for patterns in self.files.get("train", ()) for pattern in patterns]
        return any(f"{{{name}}}" in pattern for pattern in patterns for name in ("code", "iso3", "name"))

    @property
    def dev_is_test(self) -> bool:
        """Whether the release has one evaluation set for both splits, as TyDiQA has."""
        dev, test = (
            [[pattern.replace("{split}", split) for pattern in patterns] for patterns in self.files.get(split, ())]
            for split in ("dev", "test")
        )
        return dev == test

    def has(self, split: str) -> bool:
        """Whether the release has a split at all."""
        return split in self.files

    def language_name(self, language: Language) -> str:
        """What the release calls a language in file names and at the start of ids."""
        return self.language_names.get(language.code, language.name.lower())

    def alternatives(self, root: Path, split: str, language: Language) -> list[tuple[Path, ...]]:
        """All sets of files that could hold the examples of a split and language, the original release's first.

        Training data in another language than English is the release's own, or lies below ``translated/{language}/``
        under the names that the release's files have.
        """
        values = {
            "split": split,
            "code": language.code,
            "iso3": language.iso3,
            "name": self.language_name(language),
        }
        listed = [tuple(pattern.format(**values) for pattern in patterns) for patterns in self.files[split]]
        if split == "train" and language.code != ENGLISH and not self.mixed_train:
            own = listed if self.trains_by_language else []
            listed = own + [tuple(f"translated/{language.code}/{path}" for path in paths) for paths in listed]
        return [tuple(root / path for path in paths) for paths in listed]

    def paths(self, root: Path, split: str, language: Language) -> tuple[Path, ...]:
        """The files with the examples of a split and language: of the first alternative that is there whole.

        Where none is, those of the original release, which then need not exist.
        """
        known = self.alternatives(root, split, language)
        return next((paths for paths in known if all(path.is_file() for path in paths)), known[0])

    def facts(self) -> dict[str, Any]:
        """What of the declaration determines the results of jobs: all but what people read and planning assumes."""
        shown = {"title", "licence", "homepage", "citation", "examples", "presumed", "inputs_per_example"}
        shown |= {"tokens_per_input", "hub_missing", "hub_lacks", "hub_mixed_up", "submission", "hub"}
        parts = [(part.repository, part.revision, part.config, part.converter, part.prefix) for part in self.hub]
        shown |= {key for key in ("metadata", "mixed_train") if not getattr(self, key)}  # as before there were such
        return {**{key: value for key, value in vars(self).items() if key not in shown}, "hub": parts}

    def hub_refusal(self, language: str | None = None) -> str | None:
        """Why the task, or its evaluation data in a language, cannot come from the Hub, as a sentence; None: it can."""
        if not self.hub:
            return self.hub_missing or f"{self.title} does not come from the Hugging Face Hub."
        if language in self.hub_lacks:
            return (
                f"{self.title} in '{language}' is not in the one pinned copy on the Hugging Face Hub; leave "
                f"'{language}' out of targets.{self.name}.languages."
            )
        if language is not None and language in self.hub_mixed_up:
            return (
                f"{self.title} in '{language}' is not usable on the Hugging Face Hub: its one pinned copy mixes in "
                f"{self.hub_mixed_up[language]}; leave '{language}' out of targets.{self.name}.languages."
            )
        return None

    def known_examples(self, split: str, language: str) -> int | None:
        """How many examples the full release has in a split and language; None where that is not known."""
        return self.examples.get((split, language), self.examples.get(split))

    def published_examples(self, split: str, language: str) -> int | None:
        """The same number where the release states it; None where it is an estimate or not known."""
        key = (split, language) if (split, language) in self.examples else split
        return None if key in self.presumed else self.examples.get(key)


def codes(text: str) -> tuple[str, ...]:
    """Language codes, sorted, from a text with blanks between them."""
    return tuple(sorted(text.split()))


def by_language(split: str, counts: Mapping[str, int]) -> dict[str | tuple[str, str], int]:
    """Counts of one split by (split, language), from counts by language."""
    return {(split, code): count for code, count in counts.items()}
