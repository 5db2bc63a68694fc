"""The file formats of the official releases, as text. Readers that read these files read the real ones."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from xstilts.synthetic.ccg import Node
from xstilts.synthetic.choices import Choice
from xstilts.synthetic.grammar import Token
from xstilts.tasks.languages import Language

_MNLI_FIRST = ("index", "promptID", "pairID", "genre")
_SNLI_FIRST = ("index", "captionID", "pairID")
_NLI_PARSES = ("sentence1_binary_parse", "sentence2_binary_parse", "sentence1_parse", "sentence2_parse")
_NLI_LAST = ("sentence1", "sentence2", "label1", "gold_label")
_ANLI_LABELS = {"entailment": "e", "neutral": "n", "contradiction": "c"}
_COMMONSENSE_LETTERS = "ABCDE"
NO_GOLD_LABEL = "-"

#: (first text, second text, label)
Texts = tuple[str, str, str]


def tsv(rows: Iterable[Sequence[str]]) -> str:
    """Lines of tab-separated cells, unquoted as in GLUE and XTREME."""
    return "".join("\t".join(row) + "\n" for row in rows)


def glue_nli(pairs: Sequence[Texts], genre: str | None = None) -> str:
    """MNLI's columns where a genre is given, else SNLI's; parses are flat."""
    rows: list[Sequence[str]] = [(*(_MNLI_FIRST if genre else _SNLI_FIRST), *_NLI_PARSES, *_NLI_LAST)]
    for index, (premise, hypothesis, label) in enumerate(pairs):
        first = (str(index), str(index), f"{index}{label[0]}", genre)
        if genre is None:
            first = (str(index), f"{index}.jpg#0", f"{index}.jpg#0r1{label[0]}", None)
        parses = (f"( {premise} )", f"( {hypothesis} )", f"(ROOT {premise})", f"(ROOT {hypothesis})")
        first_label = "neutral" if label == NO_GOLD_LABEL else label
        rows.append((*(cell for cell in first if cell is not None), *parses, premise, hypothesis, first_label, label))
    return tsv(rows)


def glue_qqp(pairs: Sequence[Texts]) -> str:
    rows: list[Sequence[str]] = [("id", "qid1", "qid2", "question1", "question2", "is_duplicate")]
    rows += [(str(i), str(2 * i), str(2 * i + 1), *pair) for i, pair in enumerate(pairs)]
    return tsv(rows)


def anli(pairs: Sequence[Texts], release: str) -> str:
    """``release`` is the round and split, such as ``r1_train``."""
    return jsonl(
        {
            "uid": f"{release}-{index:08d}",
            "context": premise,
            "hypothesis": hypothesis,
            "label": _ANLI_LABELS[label],
            "model_label": _ANLI_LABELS[label],
            "emturk": False,
            "genre": "synthetic",
            "reason": "",
            "tag": release,
        }
        for index, (premise, hypothesis, label) in enumerate(pairs)
    )


def hellaswag(choices: Sequence[Choice], split: str) -> str:
    return jsonl(
        {
            "ind": index,
            "activity_label": choice.topic,
            "ctx_a": choice.context,
            "ctx_b": choice.question,
            "ctx": f"{choice.context} {choice.question}",
            "split": split,
            "split_type": "indomain",
            "label": choice.label,
            "endings": choice.choices,
            "source_id": f"synthetic~{split}_{index}",
        }
        for index, choice in enumerate(choices)
    )


def cosmosqa(choices: Sequence[Choice], split: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("id", "context", "question", "answer0", "answer1", "answer2", "answer3", "label"))
    for index, choice in enumerate(choices):
        identifier = f"synthetic##{split}##Blog_{index}##q1_a1"
        writer.writerow((identifier, choice.context, choice.question, *choice.choices, choice.label))
    return out.getvalue()


def commonsenseqa(choices: Sequence[Choice], split: str) -> str:
    return jsonl(
        {
            "answerKey": _COMMONSENSE_LETTERS[choice.label],
            "id": f"synthetic-{split}-{index:08d}",
            "question": {
                "question_concept": choice.topic,
                "choices": [
                    {"label": letter, "text": text}
                    for letter, text in zip(_COMMONSENSE_LETTERS, choice.choices, strict=True)
                ],
                "stem": choice.question,
            },
        }
        for index, choice in enumerate(choices)
    )


def auto(derivations: Sequence[Node], split: str) -> str:
    """CCGbank's two lines per sentence."""
    return "".join(
        f"ID=synthetic_{split}.{index + 1} PARSER=GOLD NUMPARSE=1\n{node.bracketed()}\n"
        for index, node in enumerate(derivations)
    )


def tagged(sentences: Iterable[Sequence[Token]], column: str) -> str:
    """Token and tag (``upos`` or ``entity``) per line, a blank line after every sentence."""
    return "".join(
        "".join(f"{token.form}\t{getattr(token, column)}\n" for token in sentence) + "\n" for sentence in sentences
    )


def squad(articles: Sequence[dict[str, Any]], version: str | float | None) -> str:
    """SQuAD's nesting; TyDiQA's dev files carry no version."""
    head = {} if version is None else {"version": version}
    return json.dumps({**head, "data": articles}, ensure_ascii=False)


def jsonl(records: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def language_table(languages: Sequence[Language]) -> str:
    """What is planted in each language, in the columns that the catalogue's table begins with."""
    columns = ("code", "iso3", "name", "family", "genus", "script", "distance")
    rows = [columns, *(tuple(str(getattr(language, column)) for column in columns) for language in languages)]
    return "".join(",".join(row) + "\n" for row in rows)
