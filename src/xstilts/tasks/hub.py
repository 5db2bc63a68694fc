"""Where each task lies on the Hugging Face Hub: repositories at pinned commits, one declaration per part of a task.

Adding a task of the hub means adding one entry here and telling :mod:`xstilts.sources.hub.rows` how its rows read.
Revisions are commits: branches and tags may move. Numbers of rows are those of the published datasets; a copy that has
others has lost or gained some on its way. Why these repositories and not others: docs/hub.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xstilts.errors import UserError
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TASKS

Rows = Mapping[Any, int]  # by split, or by (split, language code)


@dataclass(frozen=True)
class Part:
    """One repository that a task is made from.

    ``config`` is a template over a language's ``code``, ``iso3`` and UD's English ``name``; None where the repository
    has one unnamed config. ``splits`` are the repository's names of our splits, ``rows`` known numbers of their rows.
    ``prefix`` stands before the ids of a task that has several parts; ``read_as`` names the task whose rows the part's
    are like, where that is another one. ``loss`` says why another number of rows is no surprise, ``note`` what a reader
    of the record should know.
    """

    repository: str
    revision: str
    splits: Mapping[str, str]
    config: str | None = None
    rows: Rows = field(default_factory=dict)
    prefix: str = ""
    read_as: str = ""
    loss: str = ""
    note: str = ""


_TRAIN_DEV = {"train": "train", "dev": "validation"}
_ALL = {**_TRAIN_DEV, "test": "test"}

_XTREME = "google/xtreme", "ec5f1f46e9af79639a90684a7a70a956c4998f04"
_GLUE = "nyu-mll/glue", "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c"
_MNLI = "nyu-mll/multi_nli", "da70db2af9d09693783c3320c4249840212ee221"
_ANLI = "facebook/anli", "8e4813d81f46d313dac7892e1c28076917cfcdf9"
_SNLI = "stanfordnlp/snli", "cdb5c3d5eed6ead6e5a341c8e56e669bb666725b"

_MNLI_SPLITS = {"train": "train", "dev": "validation_matched"}
_MNLI_ROWS = {"train": 392702, "dev": 9815}
_ANLI_ROWS = {1: (16946, 1000), 2: (45460, 1000), 3: (100459, 1200)}

_REALIGNED = "the contexts of this copy are stripped: answers' offsets are aligned anew"
_UNFUSED = "syntactic words, not XTREME's fused tokens: scores are not comparable with published ones"

#: By language code: rows of MLQA's dev and test files, of google/xtreme's UDPOS and of PAN-X.
_MLQA_DEV = {"ar": 517, "de": 512, "en": 1148, "es": 500, "hi": 507, "vi": 511, "zh": 504}
_MLQA_TEST = {"ar": 5335, "de": 4517, "en": 11590, "es": 5253, "hi": 4918, "vi": 5495, "zh": 5137}
_UDPOS_TEST = {
    "ar": 1680, "bg": 1116, "en": 5440, "es": 3147, "et": 3760, "eu": 1799, "fi": 4422, "hi": 2684, "id": 1557,
    "ja": 2372, "ko": 4276, "ta": 120, "te": 146, "th": 1000, "tr": 4785, "ur": 535, "vi": 800,
}  # fmt: skip
_PANX_ROWS = {
    10000: "ar bg de el en es et eu fi fr id ja ko ru th tr vi zh", 1000: "af bn hi sw ta te ur", 100: "jv my yo",
}  # fmt: skip
_TATOEBA_ROWS = {"jv": 205, "ka": 746, "kk": 575, "ml": 687, "sw": 390, "ta": 307, "te": 234, "th": 548}


def _by_language(split: str, rows: Mapping[str, int]) -> Rows:
    return {(split, code): count for code, count in rows.items()}


def _panx_rows() -> Rows:
    evaluation = {code: count for count, codes in _PANX_ROWS.items() for code in codes.split()}
    return {("train", ENGLISH): 20000, **_by_language("dev", evaluation), **_by_language("test", evaluation)}


_PARTS: dict[str, tuple[Part, ...]] = {
    "anli": (
        *(
            Part(*_ANLI, {"train": f"train_r{n}", "dev": f"dev_r{n}"}, "plain_text", {"train": t, "dev": d}, f"R{n}/")
            for n, (t, d) in _ANLI_ROWS.items()
        ),
        Part(*_MNLI, _MNLI_SPLITS, rows=_MNLI_ROWS, prefix="mnli/", read_as="mnli"),
        Part(
            *_SNLI, _TRAIN_DEV, "plain_text", {"train": 550152, "dev": 10000}, "snli/", "snli",
            note="rows that annotators did not agree on are left out",
        ),
    ),
    "mnli": (Part(*_MNLI, _MNLI_SPLITS, rows=_MNLI_ROWS),),
    "qqp": (Part(*_GLUE, _TRAIN_DEV, "qqp", {"train": 363846, "dev": 40430}),),
    "squad_v1": (
        Part(
            "rajpurkar/squad", "7b6d24c440a36b6815f21b70d25016731768db1f", _TRAIN_DEV, "plain_text",
            {"train": 87599, "dev": 10570},
        ),
    ),
    "squad_v2": (
        Part(
            "rajpurkar/squad_v2", "3ffb306f725f7d2ce8394bc1873b24868140c412", _TRAIN_DEV,
            rows={"train": 130319, "dev": 11873},
        ),
    ),
    "hellaswag": (
        Part(
            "Rowan/hellaswag", "218ec52e09a7e7462a5400043bb9a69a41d06b76", _TRAIN_DEV,
            rows={"train": 39905, "dev": 10042},
        ),
    ),
    "cosmosqa": (
        Part(
            "allenai/cosmos_qa", "ed50fe83db62b355759053b1cd5eef344ee371e0", _TRAIN_DEV,
            rows={"train": 25262, "dev": 2985},
            loss="The 25588 and 3000 that some papers print are counts of a release that is not public.",
            note="the commit is on the Hub's branch of converted files, refs/convert/parquet: main is only a script",
        ),
    ),
    "commonsenseqa": (
        Part(
            "tau/commonsense_qa", "94630fe30dad47192a8546eb75f094926d47e155", _TRAIN_DEV,
            rows={"train": 9741, "dev": 1221},
        ),
    ),
    "xnli": (
        Part(
            "facebook/xnli", "b8dd5d7af51114dbda02c0e3f6133f332186418e", _ALL, "{code}",
            {"train": 392702, "dev": 2490, "test": 5010},
        ),
    ),
    "pawsx": (
        Part(
            "google-research-datasets/paws-x", "4cd8187c404bda33cb1f62b49b001115862acf37", _ALL, "{code}",
            {"train": 49401, "dev": 2000, "test": 2000},
            loss="Copies that were read as CSV with quotes, such as that in google/xtreme, have lost rows.",
        ),
    ),
    "udpos": (
        Part(
            *_XTREME, _ALL, "udpos.{name}",
            {("train", "en"): 21253, ("dev", "en"): 3974, **_by_language("test", _UDPOS_TEST)}, note=_UNFUSED,
        ),
    ),
    "panx": (Part(*_XTREME, _ALL, "PAN-X.{code}", _panx_rows()),),
    "xquad": (
        Part(
            "google/xquad", "51adfef1c1287aab1d2d91b5bead9bcfb9c68583", {"test": "validation"}, "xquad.{code}",
            {"test": 1190}, note=_REALIGNED,
        ),
    ),
    "mlqa": (
        Part(
            *_XTREME, {"dev": "validation", "test": "test"}, "MLQA.{code}.{code}",
            {**_by_language("dev", _MLQA_DEV), **_by_language("test", _MLQA_TEST)},
            loss="MLQA's README says 5254 for Spanish, but its test file has 5253.", note=_REALIGNED,
        ),
    ),
    "tydiqa": (
        Part(
            "google-research-datasets/tydiqa", "da78f23f9119363459acbaf46bf89426ff26c259",
            {**_TRAIN_DEV, "test": "validation"}, "secondary_task", {"train": 49881, "dev": 5077, "test": 5077},
            note=f"all nine languages in one file, of which one is read; {_REALIGNED}",
        ),
    ),
    "tatoeba": (
        Part(
            "mteb/tatoeba-bitext-mining", "69e8f12da6e31d59addadda9a9c8a2e601a0e282", {"test": "test"}, "{iso3}-eng",
            {"test": 1000, **_by_language("test", _TATOEBA_ROWS)},
        ),
    ),
}  # fmt: skip

_NOT_WHOLE = {
    "ccg": "CCG is not on the Hugging Face Hub: CCGbank comes from the LDC (LDC2005T13).",
    "bucc2018": "BUCC2018 is not whole on the Hugging Face Hub: the sample set, on which the threshold is chosen, has "
    "no sentences there but those of its gold pairs.",
}

#: google/xtreme took every treebank with a language's name in its folder's name (UD_Ancient_Greek-…): what is wrong.
_MIXED_UP = {
    "el": "Ancient Greek (2353 of its 2809 test sentences)",
    "zh": "Classical Chinese (2073 of its 5528 test sentences)",
    "fr": "Old French, and a treebank whose words are masked (4468 of its 9465 test sentences)",
    "ru": "Old Russian (2360 of its 11336 test sentences)",
    "de": "Swiss German (100 of its 22458 test sentences)",
}


def refusal(task_name: str, language: str | None = None) -> str | None:
    """One sentence on why a task, or its evaluation data in one language, cannot come from the Hub; None: it can."""
    task = TASKS[task_name]
    if task_name not in _PARTS:
        return _NOT_WHOLE.get(task_name, f"{task.title} does not come from the Hugging Face Hub.")
    if task_name == "udpos" and language in _MIXED_UP:
        return (
            f"UDPOS in '{language}' is not usable on the Hugging Face Hub: its one pinned copy mixes in "
            f"{_MIXED_UP[language]}; leave '{language}' out of targets.udpos.languages."
        )
    return None


def parts_of(task_name: str) -> tuple[Part, ...]:
    """The repositories that a task's examples come from, in order.

    Raises:
        UserError: the Hub does not have the task.
    """
    if task_name not in _PARTS:
        raise UserError(f"{refusal(task_name)} docs/data.md says where its files come from.")
    return _PARTS[task_name]
