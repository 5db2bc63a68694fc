"""A data root with a few examples of every task, built-in ones and own ones, and a study that reads them all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tiny_release

_WORDS = "Das\tO\nist\tO\nAngela\tB-PER\nMerkel\tI-PER\n\nHier\tO\nliegt\tO\nKiel\tB-LOC\n\n"
_ID = "ID=wsj_0001.{} PARSER=GOLD NUMPARSE=1\n"
_DERIVATION = "(<T S 1 2> (<L NP N N {} NP>) (<L S\\NP V V {} S\\NP>) )\n"


def records(*values: dict[str, Any]) -> str:
    """JSON Lines."""
    return "".join(f"{json.dumps(value, ensure_ascii=False)}\n" for value in values)


def _rows(*rows: str) -> str:
    return "".join("\t".join(row.split("|")) + "\n" for row in rows)


def _anli(part: str) -> str:
    pair = {"context": "It rains.", "hypothesis": "It is wet."}
    return records({"uid": f"{part}-1", **pair, "label": "e"}, {"uid": f"{part}-2", **pair, "label": "n"})


def _tydiqa(*languages: str) -> str:
    document = json.loads(
        tiny_release.squad(*[(f"Anna lives in Rome, {name}.", "Where?", "Rome") for name in languages])
    )
    for name, paragraph in zip(languages, document["data"][0]["paragraphs"], strict=True):
        paragraph["qas"][0]["id"] = f"{name}-1-0"
    return json.dumps(document)


_SWAG = records(
    {"ctx_a": "A man sits.", "ctx_b": "he", "endings": ["sings.", "flies.", "melts.", "rains."], "label": 0},
    {"ctx_a": "A cat sits.", "ctx_b": "it", "endings": ["reads.", "sleeps.", "melts.", "rains."], "label": "1"},
)
_COSMOS = (
    "id,context,question,answer0,answer1,answer2,answer3,label\n"
    'a,"It rained, a lot.",Why?,Clouds,Sun,Cats,Dogs,0\nb,It snowed.,Why?,Sun,Cold,Cats,Dogs,1\n'
)
_COMMON = records(
    {
        "id": "a",
        "question": {"stem": "Where is it wet?", "choices": [{"label": key, "text": f"in {key}"} for key in "ABCDE"]},
        "answerKey": "B",
    }
)
_SQUAD_2 = json.loads(tiny_release.squad(("Anna lives in Rome.", "Where does Anna live?", "Rome")))
_SQUAD_2["data"][0]["paragraphs"][0]["qas"].append(
    {"id": "none", "question": "Who?", "answers": [], "is_impossible": True}
)
_TRAINING = "train", "dev"
_SPLITS = "train", "dev", "test"
_SNLI = tiny_release.FILES["intermediate/mnli/train.tsv"]

#: By path below the data root, what the file holds.
FILES: dict[str, str] = {
    **tiny_release.FILES,
    **{f"intermediate/anli/{part}/{split}.jsonl": _anli(part) for part in ("R1", "R2", "R3") for split in _TRAINING},
    **{f"intermediate/snli/{split}.tsv": _SNLI for split in _TRAINING},
    **{f"intermediate/squad/{split}-v2.0.json": json.dumps(_SQUAD_2) for split in _TRAINING},
    **{f"intermediate/hellaswag/hellaswag_{split}.jsonl": _SWAG for split in ("train", "val")},
    **{f"intermediate/cosmosqa/{split}.csv": _COSMOS for split in ("train", "valid")},
    **{f"intermediate/commonsenseqa/{split}_rand_split.jsonl": _COMMON for split in _TRAINING},
    **{
        f"intermediate/ccg/{split}.auto": _ID.format(1) + _DERIVATION.format("Anna", "sings")
        + _ID.format(2) + _DERIVATION.format("Max", "runs")
        for split in _TRAINING
    },
    **{f"xtreme/pawsx/{split}-en.tsv": _rows(f"{split} one.|One.|1", "Two.|Three.|0") for split in _SPLITS},
    "xtreme/pawsx/test-de.tsv": _rows("Eins.|Eins!|1", "Zwei.|Drei.|0"),
    **{f"xtreme/panx/{split}-en.tsv": f"{split}\tO\n{_WORDS}" for split in _SPLITS},
    "xtreme/panx/test-de.tsv": _WORDS,
    "xtreme/tydiqa/tydiqa-goldp-v1.1-train.json": _tydiqa("english", "korean"),
    "xtreme/tydiqa/tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-english.json": _tydiqa("english"),
    "xtreme/tydiqa/tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-finnish.json": _tydiqa("finnish"),
    **{
        name.replace(".test.", ".dev."): text
        for name, text in tiny_release.FILES.items()
        if name.startswith("xtreme/bucc2018/")
    },
    **{f"own/pairs-{split}.tsv": _rows("one|two|same", f"{split}|b|yes", "c|d|no") for split in _SPLITS},
    **{f"own/table-{split}.csv": f'text,label\n"{split}, a",good\nb,bad\n' for split in _TRAINING},
    **{f"own/words-{split}.txt": "Anna B-PER\nsings O\n\nYes O\n" for split in _TRAINING},
    **{
        f"own/asked-{split}.jsonl": records({"c": "Anna sings.", "q": "Who?", "a": ["Anna"], "s": [0]})
        for split in _TRAINING
    },
    "text/fi.txt": "Kissa nukkuu Roomassa.\n",
    "own/de.txt": "Ja\nNein\n",
    "own/de.en.txt": "Yes\nNo\n",
}  # fmt: skip


def _own(kind: str, pattern: str, splits: tuple[str, ...] = ("train", "dev"), **more: Any) -> dict[str, Any]:
    return {"type": kind, "files": {split: f"own/{pattern.format(split)}" for split in splits}, **more}


_TASKS = {
    "own_pairs": _own(
        "classification", "pairs-{}.tsv", ("train", "dev", "test"), labels=["no", "yes"],
        columns={"premise": "one", "hypothesis": "two", "label": "same"},
    ),
    "own_table": _own(
        "classification", "table-{}.csv", labels=["bad", "good"], columns={"premise": "text", "label": "label"}
    ),
    "own_words": _own("tagging", "words-{}.txt", separator="space", labels=["O", "B-PER"]),
    "own_asked": _own(
        "span_qa", "asked-{}.jsonl",
        columns={"context": "c", "question": "q", "answers": "a", "answer_starts": "s"},
    ),
    "own_lines": {
        "type": "retrieval", "files": {"test": ["own/{language}.txt", "own/{language}.en.txt"]}, "languages": ["de"],
    },
}  # fmt: skip
_ARMS = ("anli", "mnli", "qqp", "squad_v1", "squad_v2", "hellaswag", "ccg", "cosmosqa", "commonsenseqa")
_SHAPE = {"hidden_size": 8, "layers": 1, "heads": 2, "feed_forward_size": 8, "max_length": 32, "vocabulary_size": 100}

#: A study that reads all of these files.
STUDY: dict[str, Any] = {
    "study": "everything",
    "source": {"kind": "files", "root": "data"},
    "models": {"small": {"architecture": _SHAPE}},
    "tasks": _TASKS,
    "arms": {"none": {}, **{task: {"tasks": [task]} for task in (*_ARMS, "own_table", "own_words", "own_asked")}},
    "targets": {
        **{task: {"languages": ["de", "en"]} for task in ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa")},
        "tydiqa": {"languages": ["en", "fi"]},
        **{task: {"languages": ["de"]} for task in ("bucc2018", "tatoeba", "own_lines")},
        "own_pairs": {},
    },
    "encoding": {"max_length": 32, "doc_stride": 16, "max_query_length": 8},
    "retrieval": {"layer": 1},
}


def write(root: Path) -> None:
    """Write the files below a data root."""
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")
