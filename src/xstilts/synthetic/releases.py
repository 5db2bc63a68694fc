"""The file formats of the official releases, as text; readers of the releases can read these files too."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from xstilts.synthetic.ccg import Node
from xstilts.synthetic.choices import CausalExample, ChoiceExample
from xstilts.synthetic.grammar import Grammar, Token
from xstilts.tasks.languages import Language

_MNLI_FIRST = ("index", "promptID", "pairID", "genre")
_SNLI_FIRST = ("index", "captionID", "pairID")
_NLI_PARSES = ("sentence1_binary_parse", "sentence2_binary_parse", "sentence1_parse", "sentence2_parse")
_NLI_LAST = ("sentence1", "sentence2", "label1", "gold_label")
_ANLI_LABELS = {"entailment": "e", "neutral": "n", "contradiction": "c"}
_COMMONSENSE_LETTERS = "ABCDE"
NO_GOLD_LABEL = "-"

#: First text, second text and label.
TextPair = tuple[str, str, str]


def tsv(rows: Iterable[Sequence[str]]) -> str:
    """Return lines of tab-separated cells, unquoted as in GLUE and XTREME."""
    return "".join("\t".join(row) + "\n" for row in rows)


def nli_tsv(pairs: Sequence[TextPair], genre: str | None = None) -> str:
    """Return a file of MNLI if a genre is given, else of SNLI, in GLUE's format; the parses are flat."""
    rows: list[Sequence[str]] = [(*(_MNLI_FIRST if genre else _SNLI_FIRST), *_NLI_PARSES, *_NLI_LAST)]
    for index, (premise, hypothesis, label) in enumerate(pairs):
        first = (str(index), str(index), f"{index}{label[0]}", genre)
        if genre is None:
            first = (str(index), f"{index}.jpg#0", f"{index}.jpg#0r1{label[0]}", None)
        parses = (f"( {premise} )", f"( {hypothesis} )", f"(ROOT {premise})", f"(ROOT {hypothesis})")
        first_label = "neutral" if label == NO_GOLD_LABEL else label
        rows.append((*(cell for cell in first if cell is not None), *parses, premise, hypothesis, first_label, label))
    return tsv(rows)


def qqp_tsv(pairs: Sequence[TextPair]) -> str:
    """Return a file of QQP in GLUE's format."""
    rows: list[Sequence[str]] = [("id", "qid1", "qid2", "question1", "question2", "is_duplicate")]
    rows += [(str(i), str(2 * i), str(2 * i + 1), *pair) for i, pair in enumerate(pairs)]
    return tsv(rows)


def anli_jsonl(pairs: Sequence[TextPair], release: str) -> str:
    """Return a file of ANLI; ``release`` is the round and split, such as ``r1_train``."""
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


def hellaswag_jsonl(examples: Sequence[ChoiceExample], split: str) -> str:
    """Return a file of HellaSwag."""
    return jsonl(
        {
            "ind": index,
            "activity_label": example.topic,
            "ctx_a": example.context,
            "ctx_b": example.question,
            "ctx": f"{example.context} {example.question}",
            "split": split,
            "split_type": "indomain",
            "label": example.label,
            "endings": example.choices,
            "source_id": f"synthetic~{split}_{index}",
        }
        for index, example in enumerate(examples)
    )


def cosmosqa_csv(examples: Sequence[ChoiceExample], split: str) -> str:
    """Return a file of Cosmos QA."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("id", "context", "question", "answer0", "answer1", "answer2", "answer3", "label"))
    for index, example in enumerate(examples):
        identifier = f"synthetic##{split}##Blog_{index}##q1_a1"
        writer.writerow((identifier, example.context, example.question, *example.choices, example.label))
    return out.getvalue()


def commonsenseqa_jsonl(examples: Sequence[ChoiceExample], split: str) -> str:
    """Return a file of CommonsenseQA."""
    return jsonl(
        {
            "answerKey": _COMMONSENSE_LETTERS[example.label],
            "id": f"synthetic-{split}-{index:08d}",
            "question": {
                "question_concept": example.topic,
                "choices": [
                    {"label": letter, "text": text}
                    for letter, text in zip(_COMMONSENSE_LETTERS, example.choices, strict=True)
                ],
                "stem": example.question,
            },
        }
        for index, example in enumerate(examples)
    )


def siqa_jsonl(examples: Sequence[ChoiceExample]) -> str:
    """Return a file of Social IQa."""
    return jsonl(
        {
            "context": example.context,
            "question": example.question,
            **{f"answer{letter}": text for letter, text in zip("ABC", example.choices, strict=True)},
            "correct": "ABC"[example.label],
        }
        for example in examples
    )


def xcopa_jsonl(examples: Sequence[CausalExample], grammar: Grammar) -> str:
    """Return a file of COPA or XCOPA in a language."""
    return jsonl(
        {
            "premise": grammar.text(example.premise),
            "choice1": grammar.text(example.choices[0]),
            "choice2": grammar.text(example.choices[1]),
            "question": example.asked,
            "label": example.label,
            "idx": index,
            "changed": False,
        }
        for index, example in enumerate(examples)
    )


def ccg_auto(derivations: Sequence[Node], split: str) -> str:
    """Return a file of CCGbank: two lines per sentence, a header and the derivation."""
    return "".join(
        f"ID=synthetic_{split}.{index + 1} PARSER=GOLD NUMPARSE=1\n{node.bracketed()}\n"
        for index, node in enumerate(derivations)
    )


def tagged_tsv(sentences: Iterable[Sequence[Token]], column: str) -> str:
    """Return a file with a token and its tag (``upos`` or ``entity``) per line and a blank line after each sentence."""
    return "".join(
        "".join(f"{token.form}\t{getattr(token, column)}\n" for token in sentence) + "\n" for sentence in sentences
    )


def squad_json(articles: Sequence[dict[str, Any]], version: str | float | None) -> str:
    """Return a file in SQuAD's format; TyDiQA's dev files have no version."""
    head = {} if version is None else {"version": version}
    return json.dumps({**head, "data": articles}, ensure_ascii=False)


def jsonl(records: Iterable[dict[str, Any]]) -> str:
    """Return a JSON object per line."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def language_csv(languages: Sequence[Language]) -> str:
    """Return the properties of each language, in the first columns of the catalogue of languages."""
    columns = ("code", "iso3", "name", "family", "genus", "script", "distance")
    rows = [columns, *(tuple(str(getattr(language, column)) for column in columns) for language in languages)]
    return "".join(",".join(row) + "\n" for row in rows)
