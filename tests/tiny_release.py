"""A data root with a few examples of each task, small enough to be read whole."""

from __future__ import annotations

import json
from pathlib import Path

_PAIRS = (
    ("A cat sleeps.", "An animal sleeps.", "entailment"),
    ("A dog runs.", "A dog sits.", "contradiction"),
    ("A bird sings.", "It is morning.", "neutral"),
    ("A fish swims.", "A fish moves.", "entailment"),
)
_GERMAN = (
    ("Eine Katze schläft.", "Ein Tier schläft.", "entailment"),
    ("Ein Hund läuft.", "Ein Hund sitzt.", "contradiction"),
    ("Ein Vogel singt.", "Es ist Morgen.", "neutral"),
)


def _rows(*rows: tuple[str, ...]) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)


def _mnli(*pairs: tuple[str, ...]) -> str:
    header = "pairID", "sentence1", "sentence2", "gold_label"
    return _rows(header, *((str(number), *pair) for number, pair in enumerate(pairs)))


def _qqp() -> str:
    header = "id", "question1", "question2", "is_duplicate"
    return _rows(header, ("7", "Where is it?", "Where?", "1"), ("8", "Who came?", "Who sings?", "0"))


def squad(*examples: tuple[str, str, str]) -> str:
    """SQuAD's JSON of (context, question, answer), each with an id that counts from q0."""
    paragraphs = [
        {
            "context": context,
            "qas": [
                {
                    "id": f"q{number}",
                    "question": question,
                    "answers": [{"text": answer, "answer_start": context.index(answer)}],
                }
            ],
        }
        for number, (context, question, answer) in enumerate(examples)
    ]
    return json.dumps({"version": "1.1", "data": [{"title": "", "paragraphs": paragraphs}]}, ensure_ascii=False)


_ENGLISH_QUESTIONS = squad(("Anna lives in Rome.", "Where does Anna live?", "Rome"), ("Max sings.", "Who?", "Max"))
_TEST_QUESTIONS = squad(("Ella lives in Oslo.", "Where does Ella live?", "Oslo"), ("Tom reads.", "Who?", "Tom"))
_GERMAN_QUESTIONS = squad(("Anna lebt in Rom.", "Wo lebt Anna?", "Rom"))
_SENTENCES = "The\tDET\ncat\tNOUN\nsleeps\tVERB\n\nDogs\tNOUN\nrun\tVERB\n\n"
_TEST_SENTENCES = "A\tDET\ndog\tNOUN\nruns\tVERB\n\nCats\tNOUN\nsleep\tVERB\n\n"

#: By path below the data root, what the file holds.
FILES: dict[str, str] = {
    "intermediate/mnli/train.tsv": _mnli(*_PAIRS),
    "intermediate/mnli/dev_matched.tsv": _mnli(*_PAIRS[:3]),
    "intermediate/qqp/train.tsv": _qqp(),
    "intermediate/qqp/dev.tsv": _qqp(),
    "intermediate/squad/train-v1.1.json": _ENGLISH_QUESTIONS,
    "intermediate/squad/dev-v1.1.json": _ENGLISH_QUESTIONS,
    "xtreme/xnli/train-en.tsv": _rows(*_PAIRS),
    "xtreme/xnli/dev-en.tsv": _rows(*_PAIRS[:3]),
    "xtreme/xnli/test-en.tsv": _rows(*_PAIRS[:3]),
    "xtreme/xnli/test-de.tsv": _rows(*_GERMAN),
    "xtreme/udpos/train-en.tsv": _SENTENCES,
    "xtreme/udpos/dev-en.tsv": _SENTENCES,
    "xtreme/udpos/test-en.tsv": _TEST_SENTENCES,
    "xtreme/udpos/test-de.tsv": "Hunde\tNOUN\nlaufen\tVERB\n\n",
    "xtreme/xquad/xquad.en.json": _TEST_QUESTIONS,
    "xtreme/xquad/xquad.de.json": _GERMAN_QUESTIONS,
    "xtreme/mlqa/MLQA_V1/test/test-context-en-question-en.json": _TEST_QUESTIONS,
    "xtreme/mlqa/MLQA_V1/test/test-context-de-question-de.json": _GERMAN_QUESTIONS,
    "xtreme/bucc2018/de-en.test.de": "de-1\tHallo.\nde-2\tJa.\n",
    "xtreme/bucc2018/de-en.test.en": "en-1\tHello.\nen-2\tYes.\n",
    "xtreme/bucc2018/de-en.test.gold": "de-1\ten-1\nde-2\ten-2\n",
    "xtreme/tatoeba/tatoeba.deu-eng.deu": "Hallo.\nJa.\nNein.\n",
    "xtreme/tatoeba/tatoeba.deu-eng.eng": "Hello.\nYes.\nNo.\n",
    "text/en.txt": "A cat sleeps in Rome.\nDogs run and birds sing.\n",
    "text/de.txt": "Eine Katze schläft in Rom.\nHunde laufen und Vögel singen.\n",
}


def write(root: Path) -> None:
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
