"""What XTREME's ``scripts/download_data.sh`` and ``utils_preprocess.py`` make of the releases, for tests.

The labels of test files are gone, files have been renamed, and some details of the formats are others. Each function
writes one kind of file in just the way that the scripts do.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from xstilts.tasks.languages import languages_of

Sentence = Sequence[tuple[str, str]]  # words and their tags

_TYDIQA = {
    "arabic": "ar", "bengali": "bn", "english": "en", "finnish": "fi", "indonesian": "id", "korean": "ko",
    "russian": "ru", "swahili": "sw", "telugu": "te",
}  # fmt: skip


def write(slices: Path, folder: Path) -> None:
    """Make ``folder`` a data root: ``slices``' targets as XTREME's scripts would leave them, and its other tasks."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "intermediate").symlink_to((slices / "intermediate").resolve())
    source, target = slices / "xtreme", folder / "xtreme"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.test.gold", "tatoeba.*"))
    for path in (*target.glob("xnli/*.tsv"), *target.glob("pawsx/*.tsv")):
        rows = [line.split("\t") for line in path.read_bytes().decode().split("\n")[:-1]]  # quoted before, if at all
        kept = ["\t".join(row[:2] if path.name.startswith("test") else row) for row in rows]
        path.write_bytes("".join(f"{line}\r\n" for line in kept).encode())
    for task, writer in (("udpos", udpos), ("panx", panx)):
        for path in target.glob(f"{task}/*.tsv"):
            blocks = path.read_bytes().decode().removesuffix("\n\n").split("\n\n")
            writer(path, [[tuple(line.split("\t")) for line in block.split("\n")] for block in blocks])
    blank_answers(target / "xquad")
    blank_answers(target / "mlqa" / "MLQA_V1" / "test")
    tydiqa(target / "tydiqa")
    for language in languages_of("files").values():
        pair = [source / "tatoeba" / f"tatoeba.{language.iso3}-eng.{side}" for side in (language.iso3, "eng")]
        if pair[0].is_file():
            tatoeba(*pair, target / "tatoeba", language.code)


def pairs(path: Path, rows: Iterable[tuple[str, str, str]]) -> None:
    """XNLI and PAWS-X: quoted by the rules of CSV, with Windows line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, delimiter="\t")
        for row in rows:
            writer.writerow(row[:2] if path.name.startswith("test") else row)


def udpos(path: Path, sentences: Sequence[Sentence]) -> None:
    """No blank line after the last sentence; words without blanks and zero-width non-joiners."""
    text = "\n\n".join("\n".join(_word(path, *pair) for pair in sentence) for sentence in sentences)
    _write(path, text.replace("\u200c", "").replace(" ", "") + "\n")


def panx(path: Path, sentences: Sequence[Sentence]) -> None:
    """No blank line after the last sentence; a word that is empty leaves a blank line where tags are left out."""
    _write(path, "\n".join("".join(f"{_word(path, *pair)}\n" for pair in sentence) for sentence in sentences))


def blank_answers(folder: Path) -> None:
    """Every file of the folder: a paragraph and an article for each question, and answers without text."""
    for path in folder.iterdir():
        document = json.loads(path.read_text(encoding="utf-8"))
        blank = [_one_question(*question, [{"answer_start": 0, "text": ""}]) for question in _questions(document)]
        _write(path, json.dumps({"data": blank, "version": document.get("version")}))


def tydiqa(folder: Path) -> None:
    """Dev files renamed and blanked; the train file moved, beside one per language with what is left of its ids."""
    for name, code in _TYDIQA.items():
        dev = folder / "tydiqa-goldp-v1.1-dev" / f"tydiqa-goldp-dev-{name}.json"
        if dev.is_file():
            dev.rename(dev.with_name(f"tydiqa.goldp.{code}.dev.json"))
    blank_answers(folder / "tydiqa-goldp-v1.1-dev")
    train = folder / "tydiqa-goldp-v1.1-train.json"
    document = json.loads(train.read_text(encoding="utf-8"))
    own: dict[str, list[Any]] = defaultdict(list)
    for context, question in _questions(document):
        name, *_, number = question["id"].split("-")
        own[_TYDIQA[name]].append(_one_question(context, {**question, "id": number}, question["answers"]))
    for code, data in own.items():
        _write(folder / train.stem / f"tydiqa.goldp.{code}.train.json", json.dumps({"data": data, "version": "1.1"}))
    train.rename(folder / train.stem / train.name)


def tatoeba(foreign: Path, english: Path, folder: Path, code: str) -> None:
    """LASER's two files: the foreign one copied, the English one stripped and sorted."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(foreign, folder / f"{code}-en.{code}")
    with english.open(encoding="utf-8") as handle:
        lines = sorted(line.strip() for line in handle)
    _write(folder / f"{code}-en.en", "".join(f"{line}\n" for line in lines))


def _word(path: Path, word: str, tag: str) -> str:
    return word if path.name.startswith("test") else f"{word}\t{tag}"


def _questions(document: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    for article in document["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                yield paragraph["context"], question


def _one_question(context: str, question: dict[str, Any], answers: list[dict[str, Any]]) -> dict[str, Any]:
    kept = {"answers": answers, "question": question["question"], "id": question["id"]}
    return {"paragraphs": [{"context": context, "qas": [kept]}]}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
