"""Where each task's files lie below a data root; the ``files`` source reads this layout, ``synthetic`` writes it.

``intermediate/`` holds the releases of the English tasks under their own file names, ``xtreme/`` what XTREME calls its
``download`` folder. Where XTREME's scripts rename, move or remove files of a release, either form will do. See
docs/data.md for where each comes from.
"""

from __future__ import annotations

from pathlib import Path

from xstilts.tasks.languages import Language

_MNLI_TRAIN, _MNLI_DEV = "intermediate/mnli/train.tsv", "intermediate/mnli/dev_matched.tsv"
_ANLI = tuple(f"intermediate/anli/R{n}/{{split}}.jsonl" for n in (1, 2, 3))
_BUCC = tuple(f"xtreme/bucc2018/{{code}}-en.{{split}}.{side}" for side in ("{code}", "en", "gold"))
_TYDIQA_TRAIN = "tydiqa-goldp-v1.1-train.json"
_TYDIQA_DEV: list[tuple[str, ...]] = [
    ("xtreme/tydiqa/tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-{name}.json",),
    ("xtreme/tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{code}.dev.json",),
]

#: By task and split, the alternatives: files that are read together, in this order. The original release comes first,
#: then what XTREME's ``scripts/download_data.sh`` makes of it where that is something else.
_FILES: dict[tuple[str, str], list[tuple[str, ...]]] = {
    ("anli", "train"): [(*_ANLI, _MNLI_TRAIN, "intermediate/snli/train.tsv")],
    ("anli", "dev"): [(*_ANLI, _MNLI_DEV, "intermediate/snli/dev.tsv")],
    ("mnli", "train"): [(_MNLI_TRAIN,)],
    ("mnli", "dev"): [(_MNLI_DEV,)],
    ("qqp", "train"): [("intermediate/qqp/train.tsv",)],
    ("qqp", "dev"): [("intermediate/qqp/dev.tsv",)],
    ("squad_v1", "train"): [("intermediate/squad/train-v1.1.json",), ("xtreme/squad/train-v1.1.json",)],
    ("squad_v1", "dev"): [("intermediate/squad/dev-v1.1.json",), ("xtreme/squad/dev-v1.1.json",)],
    ("squad_v2", "train"): [("intermediate/squad/train-v2.0.json",)],
    ("squad_v2", "dev"): [("intermediate/squad/dev-v2.0.json",)],
    ("hellaswag", "train"): [("intermediate/hellaswag/hellaswag_train.jsonl",)],
    ("hellaswag", "dev"): [("intermediate/hellaswag/hellaswag_val.jsonl",)],
    ("ccg", "train"): [("intermediate/ccg/train.auto",)],
    ("ccg", "dev"): [("intermediate/ccg/dev.auto",)],
    ("cosmosqa", "train"): [("intermediate/cosmosqa/train.csv",)],
    ("cosmosqa", "dev"): [("intermediate/cosmosqa/valid.csv",)],
    ("commonsenseqa", "train"): [("intermediate/commonsenseqa/train_rand_split.jsonl",)],
    ("commonsenseqa", "dev"): [("intermediate/commonsenseqa/dev_rand_split.jsonl",)],
    **{
        (task, split): [(f"xtreme/{task}/{{split}}-{{code}}.tsv",)]
        for task in ("xnli", "pawsx", "udpos", "panx")
        for split in ("train", "dev", "test")
    },
    ("xquad", "test"): [("xtreme/xquad/xquad.{code}.json",)],
    ("mlqa", "dev"): [("xtreme/mlqa/MLQA_V1/dev/dev-context-{code}-question-{code}.json",)],
    ("mlqa", "test"): [("xtreme/mlqa/MLQA_V1/test/test-context-{code}-question-{code}.json",)],
    # XTREME's train files of single languages are no alternative: their ids are cut short and repeat.
    ("tydiqa", "train"): [
        (f"xtreme/tydiqa/{_TYDIQA_TRAIN}",),
        (f"xtreme/tydiqa/tydiqa-goldp-v1.1-train/{_TYDIQA_TRAIN}",),
    ],
    ("tydiqa", "dev"): _TYDIQA_DEV,  # the public dev set is XTREME's test set, and the only one there is
    ("tydiqa", "test"): _TYDIQA_DEV,
    ("bucc2018", "dev"): [_BUCC],
    ("bucc2018", "test"): [_BUCC, _BUCC[:2]],
    ("tatoeba", "test"): [
        ("xtreme/tatoeba/tatoeba.{iso3}-eng.{iso3}", "xtreme/tatoeba/tatoeba.{iso3}-eng.eng"),
        ("xtreme/tatoeba/{code}-en.{code}", "xtreme/tatoeba/{code}-en.en"),
    ],
    ("text", "train"): [("text/{code}.txt",)],
}  # fmt: skip

_TYDIQA_NAMES = {
    "ar": "arabic", "bn": "bengali", "en": "english", "fi": "finnish", "id": "indonesian", "ko": "korean",
    "ru": "russian", "sw": "swahili", "te": "telugu",
}  # fmt: skip


def has(task: str, split: str) -> bool:
    """Whether the release of a task has a split at all."""
    return (task, split) in _FILES


def files(root: Path, task: str, split: str, language: Language) -> tuple[Path, ...]:
    """The files with the examples of a task, split and language: of the first alternative that is there whole.

    Where none is, those of the original release, which then need not exist.
    """
    known = alternatives(root, task, split, language)
    return next((paths for paths in known if all(path.is_file() for path in paths)), known[0])


def alternatives(root: Path, task: str, split: str, language: Language) -> list[tuple[Path, ...]]:
    """All sets of files that could hold those examples, the original release's first."""
    values = {
        "split": split,
        "code": language.code,
        "iso3": language.iso3,
        "name": tydiqa_name(language),
    }
    return [tuple(root / template.format(**values) for template in paths) for paths in _FILES[task, split]]


def tydiqa_name(language: Language) -> str:
    """What TyDiQA calls a language in file names and at the start of example ids."""
    return _TYDIQA_NAMES.get(language.code, language.name.lower())
