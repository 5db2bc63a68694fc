"""Named ways in which data files come to harm, for every task and reader, and what is said of each."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import every_format

Change = Callable[[bytes], bytes]

ANLI = "intermediate/anli/R2/train.jsonl"
MNLI = "intermediate/mnli/train.tsv"
QQP = "intermediate/qqp/train.tsv"
SQUAD = "intermediate/squad/train-v1.1.json"
SQUAD_2 = "intermediate/squad/train-v2.0.json"
SWAG = "intermediate/hellaswag/hellaswag_train.jsonl"
CCG = "intermediate/ccg/train.auto"
COSMOS = "intermediate/cosmosqa/train.csv"
COMMON = "intermediate/commonsenseqa/train_rand_split.jsonl"
XNLI, PAWSX = "xtreme/xnli/test-de.tsv", "xtreme/pawsx/test-de.tsv"
UDPOS, PANX = "xtreme/udpos/test-de.tsv", "xtreme/panx/test-de.tsv"
XQUAD = "xtreme/xquad/xquad.de.json"
MLQA = "xtreme/mlqa/MLQA_V1/test/test-context-de-question-de.json"
TYDIQA = "xtreme/tydiqa/tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-finnish.json"
BUCC, BUCC_EN, BUCC_GOLD = (f"xtreme/bucc2018/de-en.test.{side}" for side in ("de", "en", "gold"))
TATOEBA, TATOEBA_EN = "xtreme/tatoeba/tatoeba.deu-eng.deu", "xtreme/tatoeba/tatoeba.deu-eng.eng"
TEXT = "text/de.txt"
OWN_PAIRS, OWN_TABLE, OWN_WORDS = "own/pairs-train.tsv", "own/table-train.csv", "own/words-train.txt"
OWN_ASKED, OWN_LINES = "own/asked-train.jsonl", "own/de.txt"

#: By a file of each task and format, the task.
TASK_OF = {
    ANLI: "anli", MNLI: "mnli", QQP: "qqp", SQUAD: "squad_v1", SQUAD_2: "squad_v2", SWAG: "hellaswag", CCG: "ccg",
    COSMOS: "cosmosqa", COMMON: "commonsenseqa", XNLI: "xnli", PAWSX: "pawsx", UDPOS: "udpos", PANX: "panx",
    XQUAD: "xquad", MLQA: "mlqa", TYDIQA: "tydiqa", BUCC: "bucc2018", BUCC_EN: "bucc2018", BUCC_GOLD: "bucc2018",
    TATOEBA: "tatoeba", TATOEBA_EN: "tatoeba", TEXT: "text", OWN_PAIRS: "own_pairs", OWN_TABLE: "own_table",
    OWN_WORDS: "own_words", OWN_ASKED: "own_asked", OWN_LINES: "own_lines",
}  # fmt: skip


@dataclass(frozen=True)
class Damage:
    """A file below the data root, what becomes of it, and what the one message says of it beside its name."""

    file: str
    change: Change
    says: str
    row: int | None = None
    task: str = ""

    @property
    def read_by(self) -> str:
        return self.task or TASK_OF[self.file]


def put(old: str, new: str, count: int = 1) -> Change:
    """The file with ``new`` in place of the first ``count`` of ``old``; -1: of all."""

    def change(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode(), count)

    return change


def whole(text: str | bytes) -> Change:
    """Another file altogether."""
    return lambda content: text if isinstance(text, bytes) else text.encode()


def cut(count: int) -> Change:
    """The file without its last bytes."""
    return lambda content: content[:-count]


def after(text: str) -> Change:
    """The file with more at its end."""
    return lambda content: content + text.encode()


def copy_of(name: str, change: Change = lambda content: content) -> Change:
    """Another file of the release in its place."""
    return lambda content: change(every_format.FILES[name].encode())


def document(change: Callable[[dict[str, Any], dict[str, Any]], None]) -> Change:
    """SQuAD's JSON with its first paragraph and question changed."""

    def changed(content: bytes) -> bytes:
        value = json.loads(content)
        paragraph = value["data"][0]["paragraphs"][0]
        change(paragraph, paragraph["qas"][0])
        return json.dumps(value, ensure_ascii=False).encode()

    return changed


def record(**fields: Any) -> Change:
    """JSON Lines with fields of the first record replaced, or, where None, left out."""

    def changed(content: bytes) -> bytes:
        first, *others = content.decode().splitlines(keepends=True)
        value = {**json.loads(first), **fields}
        kept = {name: field for name, field in value.items() if field is not None}
        return (json.dumps(kept) + "\n" + "".join(others)).encode()

    return changed


def answer(**fields: Any) -> Change:
    """SQuAD's JSON with fields of the first answer replaced."""
    return document(lambda paragraph, question: question["answers"][0].update(fields))


_DEEP = "[" * 100_000 + "]" * 100_000
_LONG = "9" * 5_000
#: Stands for a file that is no longer there.
MISSING = b"missing"

#: What can befall a file of any format.
ANYWHERE: dict[str, tuple[Change, str]] = {
    "is empty": (whole(b""), "is empty"),
    "is missing": (whole(MISSING), "there is no such file"),
    "is a Git LFS pointer": (
        whole("version https://git-lfs.github.com/spec/v1\noid sha256:00aa\nsize 12345\n"), "is a Git LFS pointer",
    ),
    "is a saved page": (whole("<!DOCTYPE html>\n<html><body>404: Not Found</body></html>\n"), "is an HTML page"),
    "is packed": (lambda content: gzip.compress(content), "is a gzip archive"),
    "is in UTF-16": (lambda content: content.decode().encode("utf-16"), "is text in UTF-16"),
    "is in another encoding": (lambda content: b"K\xf6ln" + content, "(0xf6) is not UTF-8"),
    "has NUL bytes": (lambda content: content + b"\0\0\0\0", "is NUL"),
}  # fmt: skip

JSON_LINES = {
    "anli: label unknown": Damage(ANLI, record(label="x"), "the label 'x' is unknown", 1),
    "anli: a number for a label": Damage(ANLI, record(label=1), "field 'label' must be text", 1),
    "anli: a field is missing": Damage(ANLI, record(context=None), "has no field 'context'", 1),
    "anli: cut in a record": Damage(ANLI, cut(9), "is not valid JSON", 2),
    "anli: a list for an object": Damage(ANLI, lambda content: b"[1]\n" + content, "is not a JSON object", 1),
    "anli: ids repeat": Damage(ANLI, record(uid="R2-2"), "has the id 'R2/R2-2' of example"),
    "anli: a key twice": Damage(ANLI, put('"label": "e"', '"label": "e", "label": "n"'), "names 'label' twice", 1),
    "anli: nested without end": Damage(ANLI, after(_DEEP + "\n"), "so deep that it cannot be read", 3),
    "anli: thousands of digits": Damage(ANLI, put('"e"', _LONG), "a whole number of more than 4300 digits", 1),
    "anli: half a surrogate pair": Damage(ANLI, put("rains", "\\ud83d"), "without its other half", 1),
    "anli: in another task's format": Damage(ANLI, copy_of(COMMON), "has no field 'uid'", 1),
    "anli: test file without labels": Damage(ANLI, record(label=""), "the label '' is unknown", 1),
    "hellaswag: label beyond the endings": Damage(SWAG, record(label=4), "the label '4' is none of", 1),
    "hellaswag: negative label": Damage(SWAG, record(label=-1), "the label '-1' is none of", 1),
    "hellaswag: test file without labels": Damage(SWAG, record(label=None), "has no field 'label'", 1),
    "hellaswag: endings that are numbers": Damage(SWAG, record(endings=[1, 2]), "'endings' must hold only text", 1),
    "hellaswag: one ending": Damage(SWAG, record(endings=["a"]), "has 1 choice"),
    "hellaswag: endings as text": Damage(SWAG, record(endings="a"), "field 'endings' must be a list", 1),
    "hellaswag: nothing to continue": Damage(SWAG, record(ctx_a=" "), "the prompt is empty"),
    "hellaswag: nested without end": Damage(SWAG, put('"A man sits."', _DEEP), "so deep that it cannot be read", 1),
    "hellaswag: thousands of digits": Damage(SWAG, put('"label": 0', f'"label": {_LONG}'), "more than 4300 digits", 1),
    "hellaswag: a key twice": Damage(SWAG, put('"ctx_b"', '"ctx_a"'), "names 'ctx_a' twice", 1),
    "commonsenseqa: two choices with one label": Damage(COMMON, put('"B"', '"A"'), "have the label 'A'", 1),
    "commonsenseqa: label of no choice": Damage(COMMON, record(answerKey="F"), "the label 'F' is none of", 1),
    "commonsenseqa: test file without labels": Damage(COMMON, record(answerKey=None), "has no field 'answerKey'", 1),
    "commonsenseqa: a choice without text": Damage(COMMON, put('"text"', '"txt"'), "has no field 'text'", 1),
    "commonsenseqa: choices as texts": Damage(
        COMMON, record(question={"stem": "Who?", "choices": ["a"]}), "an object with 'label' is expected", 1,
    ),
    "commonsenseqa: one JSON document": Damage(COMMON, lambda content: b"[" + content + b"]", "is not valid JSON", 1),
}  # fmt: skip

QUESTIONS = {
    "squad: cut": Damage(SQUAD, cut(9), "is not valid JSON", 1),
    "squad: answer elsewhere": Damage(SQUAD, answer(answer_start=3), "does not stand at offset 3", 1),
    "squad: answer nowhere": Damage(SQUAD, answer(text="Paris"), "the answer 'Paris' of question 'q0'", 1),
    "squad: negative offset": Damage(SQUAD, answer(answer_start=-5), "does not stand at offset -5", 1),
    "squad: offset beyond the context": Damage(SQUAD, answer(answer_start=10**30), "does not stand at offset", 1),
    "squad: offset as text": Damage(SQUAD, answer(answer_start="1"), "'answer_start' must be a whole number", 1),
    "squad: offset with a fraction": Damage(SQUAD, answer(answer_start=14.0), "'answer_start' must be a whole", 1),
    "squad: offset that is no number": Damage(SQUAD, put("14", "NaN"), "'answer_start' must be a whole number", 1),
    "squad: answer without text": Damage(SQUAD, answer(text=""), "has an answer without text", 1),
    "squad: no answer": Damage(SQUAD, document(lambda p, q: q.update(answers=[])), "only SQuAD 2.0 has such", 1),
    "squad: answers are missing": Damage(SQUAD, document(lambda p, q: q.pop("answers")), "has no field 'answers'", 1),
    "squad: questions are missing": Damage(SQUAD, put('"qas"', '"questions"'), "has no field 'qas'", 1),
    "squad: no data": Damage(SQUAD, whole('{"version": "1.1"}'), "has no field 'data'"),
    "squad: empty data": Damage(SQUAD, whole('{"data": []}'), "has no examples"),
    "squad: a list": Damage(SQUAD, whole("[]"), "is not a JSON object"),
    "squad: ids repeat": Damage(SQUAD, put('"q1"', '"q0"'), "has the id 'q0' of example 1"),
    "squad: id as a number": Damage(SQUAD, put('"q1"', "1"), "field 'id' must be text", 2),
    "squad: empty question": Damage(SQUAD, document(lambda p, q: q.update(question=" ")), "the question is empty"),
    "squad: a key twice": Damage(SQUAD, put('"question"', '"answers": [], "question"'), "names 'answers' twice"),
    "squad: nested without end": Damage(SQUAD, put('"1.1"', _DEEP), "so deep that it cannot be read"),
    "squad: thousands of digits": Damage(SQUAD, put("14", _LONG), "a whole number of more than 4300 digits"),
    "squad 2: answers of an unanswerable question": Damage(
        SQUAD_2, document(lambda p, q: q.update(is_impossible=True)), "has 1 answers, but is_impossible is true", 1,
    ),
    "squad 2: no answer to an answerable question": Damage(
        SQUAD_2, document(lambda p, q: q.update(is_impossible=False, answers=[])), "has 0 answers, but", 1,
    ),
    "xquad: stripped context": Damage(XQUAD, put("Anna lebt", "lebt"), "does not stand at offset 13", 1),
    "xquad: nested without end": Damage(XQUAD, whole('{"data": ' + _DEEP + "}"), "so deep that it cannot be read"),
    "xquad: is the training file": Damage(
        XQUAD, copy_of("intermediate/squad/train-v1.1.json"), "holds the same lines as the training file",
    ),
    "mlqa: question without id": Damage(MLQA, document(lambda p, q: q.pop("id")), "has no field 'id'", 1),
    "mlqa: a paragraph for an article": Damage(MLQA, put('"paragraphs"', '"qas"'), "has no field 'paragraphs'", 1),
    "tydiqa: ids without language": Damage(TYDIQA, put("finnish-", ""), "no question whose id begins with 'finnish-'"),
    "tydiqa: another language": Damage(
        TYDIQA, copy_of(TYDIQA.replace("finnish", "english")), "no question whose id begins with 'finnish-'",
    ),
}  # fmt: skip
