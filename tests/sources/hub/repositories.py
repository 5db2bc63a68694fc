"""Miniatures of the Hub's repositories: their folders, columns, features and order of labels, with a few rows each.

``write`` makes a mirror of them, which ``datasets.load_dataset`` reads as it reads clones. Contexts are stripped and
offsets left as they were where the real ones are so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import ClassLabel, Features, Value
from datasets import List as ListOf

from xstilts.tasks.nli import NLI
from xstilts.tasks.tagging import ENTITIES, UPOS

Rows = list[dict[str, Any]]
Splits = dict[str, Rows]

TEXT, NUMBER, BOOLEAN = Value("string"), Value("int32"), Value("bool")
ANSWERS = {"text": ListOf(TEXT), "answer_start": ListOf(NUMBER)}
SQUAD = Features({"id": TEXT, "title": TEXT, "context": TEXT, "question": TEXT, "answers": ANSWERS})

XTREME_LANGUAGES = ("en", "de", "es", "sw", "th", "zh")
UD_NAMES = {"en": "English", "de": "German", "es": "Spanish", "kk": "Kazakh", "th": "Thai"}
TYDIQA_NAMES = {"en": "english", "fi": "finnish", "ko": "korean", "sw": "swahili"}
PAIRS = {
    "en": ("A man plays a guitar.", "Someone makes music."),
    "de": ("Ein Mann spielt Gitarre.", "Jemand macht Musik."),
    "es": ("Un hombre toca la guitarra.", "Alguien hace música."),
    "fr": ("Un homme joue de la guitare.", "Quelqu'un fait de la musique."),
    "sw": ("Mwanamume anacheza gitaa.", "Mtu anafanya muziki."),
    "th": ("ผู้ชายกำลังเล่นกีตาร์", "มีคนกำลังเล่นดนตรี"),
    "zh": ("一个男人在弹吉他。", "有人在演奏音乐。"),
}
PASSAGES = {  # context with its leading blanks, question, answer
    "en": (" Warsaw lies on the Vistula, and the Vistula flows north.", "Which river flows north?", "the Vistula"),
    "de": ("Warschau liegt an der Weichsel.", "Woran liegt Warschau?", "der Weichsel"),
    "es": ("Varsovia está a orillas del Vístula.", "¿Dónde está Varsovia?", "del Vístula"),
    "zh": ("\n\n华沙位于维斯瓦河畔。", "华沙位于哪里?", "维斯瓦河畔"),
    "fi": ("\nVarsova sijaitsee Veikselin varrella.", "Missä Varsova sijaitsee?", "Veikselin varrella"),
    "ko": (" 바르샤바는 비스와강 유역에 있다.", "바르샤바는 어디에 있는가?", "비스와강 유역"),
    "sw": (" Warsaw iko kando ya mto Vistula.", "Warsaw iko wapi?", "mto Vistula"),
}
SENTENCES = {  # words with parts of speech, and with entities
    "en": [("Ada", "PROPN", "B-PER"), ("visits", "VERB", "O"), ("New", "PROPN", "B-LOC"), ("York", "PROPN", "I-LOC")],
    "de": [("Ada", "PROPN", "B-PER"), ("besucht", "VERB", "O"), ("Berlin", "PROPN", "B-LOC"), (".", "PUNCT", "O")],
    "es": [("Ada", "PROPN", "B-PER"), ("visita", "VERB", "O"), ("Madrid", "PROPN", "B-LOC"), (".", "PUNCT", "O")],
    "kk": [("Ада", "PROPN", "B-PER"), ("келді", "VERB", "O"), (".", "PUNCT", "O")],
    "sw": [("Ada", "PROPN", "B-PER"), ("alitembelea", "VERB", "O"), ("Nairobi", "PROPN", "B-LOC")],
    "th": [("เอดา", "PROPN", "B-PER"), ("ไป", "VERB", "O"), ("กรุงเทพ", "PROPN", "B-LOC")],
    "zh": [("阿达", "PROPN", "B-PER"), ("访问", "VERB", "O"), ("北京", "PROPN", "B-LOC"), ("。", "PUNCT", "O")],
}


def write(folder: Path) -> None:
    """Write every repository that a task is made from to ``{folder}/{namespace}/{name}``."""
    for repository, (features, configs) in contents().items():
        write_repository(folder / repository, features, configs)


def write_repository(folder: Path, features: dict[str, Features], configs: dict[str, Splits]) -> None:
    """One repository: a Parquet file per config and split, and a README that says which is which.

    Where the only config is "default" there is no README, and the layout is that of refs/convert/parquet.
    """
    listed = ["---", "configs:"]
    for config, splits in configs.items():
        listed += [f"- config_name: {config}", "  data_files:"]
        for split, rows in splits.items():
            converted = list(configs) == ["default"]
            name = f"{config}/{split}/0000.parquet" if converted else f"{config}/{split}-00000-of-00001.parquet"
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            encoded = [features[config].encode_example(row) for row in rows]
            pq.write_table(pa.Table.from_pylist(encoded, features[config].arrow_schema), folder / name)
            listed += [f"  - split: {split}", f"    path: {config}/{split}-*"]
    if list(configs) != ["default"]:
        (folder / "README.md").write_text("\n".join([*listed, "---", ""]), encoding="utf-8")


def contents() -> dict[str, tuple[dict[str, Features], dict[str, Splits]]]:
    """By repository: features by config, and rows by config and split."""
    found: dict[str, tuple[dict[str, Features], dict[str, Splits]]] = {}
    for repository, config, features, splits in (*_intermediate(), *_targets()):
        by_config, rows = found.setdefault(repository, ({}, {}))
        by_config[config], rows[config] = features, splits
    return found


def _intermediate() -> Iterator[tuple[str, str, Features, Splits]]:
    pair = {"premise": TEXT, "hypothesis": TEXT, "label": ClassLabel(names=list(NLI))}
    anli = {f"{part}_r{n}": _anli(part, n) for n in (1, 2, 3) for part in ("train", "dev", "test")}
    yield "facebook/anli", "plain_text", Features({"uid": TEXT, **pair, "reason": TEXT}), anli
    mnli = {"train": _mnli("train"), "validation_matched": _mnli("dev"), "validation_mismatched": _mnli("dev")[:2]}
    features = Features({"promptID": NUMBER, "pairID": TEXT, "premise": TEXT, "hypothesis": TEXT,
                         "premise_parse": TEXT, "genre": TEXT, "label": pair["label"]})  # fmt: skip
    yield "nyu-mll/multi_nli", "main", features, mnli
    snli = {part: [*_nli("en"), *_nli("en", -1)[:1]] for part in ("train", "validation", "test")}
    yield "stanfordnlp/snli", "plain_text", Features(pair), snli
    yield "nyu-mll/glue", "qqp", *_qqp()
    yield "rajpurkar/squad", "plain_text", SQUAD, {"train": _squad(4), "validation": _squad(3)}
    unanswerable = {**_squad(1)[0], "id": "no answer", "answers": {"text": [], "answer_start": []}}
    yield "rajpurkar/squad_v2", "squad_v2", SQUAD, {
        "train": [*_squad(3), unanswerable], "validation": [*_squad(2), unanswerable],
    }  # fmt: skip
    yield "Rowan/hellaswag", "main", *_hellaswag()
    yield "allenai/cosmos_qa", "default", *_cosmos()
    yield "tau/commonsense_qa", "main", *_commonsense()
    yield "allenai/social_i_qa", "default", *_social()
    yield "aps/super_glue", "copa", *_copa("The vase fell.", {"train": 4, "validation": 2})


def _targets() -> Iterator[tuple[str, str, Features, Splits]]:
    pair = Features({"premise": TEXT, "hypothesis": TEXT, "label": ClassLabel(names=list(NLI))})
    for code in XTREME_LANGUAGES:
        yield "facebook/xnli", code, pair, {part: _nli(code) for part in ("train", "validation", "test")}
    for code in ("en", "de", "es", "fr", "zh"):
        yield "google-research-datasets/paws-x", code, *_paws(code)
    for code, premise in {"it": "Il vaso è caduto.", "zh": "花瓶掉了。"}.items():
        yield "cambridgeltl/xcopa", code, *_copa(premise, {"validation": 2, "test": 3}, changed=True)
    for code, name in UD_NAMES.items():
        absent = {"kk": ("validation",), "th": ("train", "validation")}.get(code, ())
        yield "google/xtreme", f"udpos.{name}", *_tagged(code, "pos_tags", UPOS, 1, absent)
    for code in XTREME_LANGUAGES:
        yield "google/xtreme", f"PAN-X.{code}", *_tagged(code, "ner_tags", ENTITIES, 2)
    for code in ("en", "de", "es", "zh"):
        splits = {part: _stripped(code, 3) for part in ("validation", "test")}
        yield "google/xtreme", f"MLQA.{code}.{code}", SQUAD, splits
        untitled = Features({name: kind for name, kind in SQUAD.items() if name != "title"})
        rows = [{key: row[key] for key in untitled} for row in _stripped(code, 3)]
        yield "google/xquad", f"xquad.{code}", untitled, {"validation": rows}
    tydiqa = {part: [row for code in TYDIQA_NAMES for row in _tydiqa(code)] for part in ("train", "validation")}
    yield "google-research-datasets/tydiqa", "secondary_task", SQUAD, tydiqa
    for code, iso3 in {"de": "deu", "sw": "swh", "th": "tha", "zh": "cmn"}.items():
        rows = [{"sentence1": f"{foreign}\n", "sentence2": f"{english}\n"}
                for foreign, english in zip(PAIRS[code], PAIRS["en"], strict=True)]  # fmt: skip
        features = Features({"sentence1": TEXT, "sentence2": TEXT})
        yield "mteb/tatoeba-bitext-mining", f"{iso3}-eng", features, {"test": rows}


def _nli(code: str, label: int | None = None) -> Rows:
    premise, hypothesis = PAIRS[code]
    second = hypothesis, premise, premise
    return [
        {"premise": premise, "hypothesis": other, "label": number if label is None else label}
        for number, other in enumerate(second)
    ]


def _anli(part: str, number: int) -> Rows:
    """The later the round, the more rows."""
    pairs = (_nli("en") * 2)[: 2 + number]
    return [{"uid": f"{part}-{number}-{row}", "reason": "", **pair} for row, pair in enumerate(pairs)]


def _mnli(part: str) -> Rows:
    extra = {"premise_parse": "(ROOT (S))", "genre": "fiction"}
    return [{"promptID": row, "pairID": f"{part}{row}e", **extra, **pair} for row, pair in enumerate(_nli("en"))]


def _qqp() -> tuple[Features, Splits]:
    label = ClassLabel(names=["not_duplicate", "duplicate"])
    features = Features({"question1": TEXT, "question2": TEXT, "label": label, "idx": NUMBER})
    asked = [("What is it?", "What is this?", 1), ("Who is it?", "Where is it?", 0), ("Why?", "", 0)]
    rows = [{"question1": a, "question2": b, "label": same, "idx": row} for row, (a, b, same) in enumerate(asked)]
    return features, {"train": rows, "validation": rows, "test": [{**row, "label": -1} for row in rows]}


def _paws(code: str) -> tuple[Features, Splits]:
    first, second = PAIRS[code]
    features = Features({"id": NUMBER, "sentence1": TEXT, "sentence2": TEXT, "label": ClassLabel(names=["0", "1"])})
    said = [(first, first, 1), (first, second, 0), ("NS", "", 0)]
    rows = [{"id": row + 1, "sentence1": a, "sentence2": b, "label": same} for row, (a, b, same) in enumerate(said)]
    return features, dict.fromkeys(("train", "validation", "test"), rows)


def _tagged(
    code: str, column: str, names: tuple[str, ...], which: int, absent: tuple[str, ...] = ()
) -> tuple[Features, Splits]:
    row = {"tokens": [word[0] for word in SENTENCES[code]], column: [word[which] for word in SENTENCES[code]]}
    features = {"tokens": ListOf(TEXT), column: ListOf(ClassLabel(names=list(names)))}
    rows = [{name: value[:length] for name, value in row.items()} for length in (3, 2, 1)]
    return Features(features), {part: rows for part in ("train", "validation", "test") if part not in absent}


def _squad(count: int) -> Rows:
    """Questions whose offsets fit, leading blank and all."""
    context, question, answer = PASSAGES["en"]
    answers = {"text": [answer], "answer_start": [context.rindex(answer)]}
    row = {"title": "Warsaw", "context": context, "question": question, "answers": answers}
    return [{"id": f"q{number}", **row} for number in range(count)]


def _stripped(code: str, count: int, prefix: str = "") -> Rows:
    """Questions whose contexts have lost their leading blanks after the offsets were counted."""
    context, question, answer = PASSAGES[code]
    answers = {"text": [answer], "answer_start": [context.rindex(answer)]}
    row = {"title": "Warsaw", "context": context.strip(), "question": question, "answers": answers}
    return [{"id": f"{prefix}{number}", **row} for number in range(count)]


def _tydiqa(code: str) -> Rows:
    name = TYDIQA_NAMES[code]
    return _stripped(code, 3, f"{name}-") + _stripped(code, 1, f"{name}--87-")


def _hellaswag() -> tuple[Features, Splits]:
    features = Features({"ind": NUMBER, "activity_label": TEXT, "ctx_a": TEXT, "ctx_b": TEXT, "ctx": TEXT,
                         "endings": ListOf(TEXT), "label": TEXT})  # fmt: skip
    endings = ["plays a song.", "eats it.", "is a tree.", "sleeps in it."]
    row = {"activity_label": "Playing", "ctx_a": "A man holds a guitar.", "ctx": "A man holds a guitar. he"}
    rows = [{"ind": 7, **row, "ctx_b": "he" * (n % 2), "endings": endings, "label": str(n)} for n in range(4)]
    return features, {"train": rows, "validation": rows, "test": [{**row, "label": ""} for row in rows]}


def _cosmos() -> tuple[Features, Splits]:
    answers = [f"answer{n}" for n in range(4)]
    names = ("id", "context", "question", *answers)
    features = Features({**dict.fromkeys(names, TEXT), "label": NUMBER})
    row = {
        "context": "It rained all day.",
        "question": "Why is it wet?",
        **{name: f"{name} is why." for name in answers},
    }
    splits = {
        part: [{"id": f"{part}##{number}", **row, "label": number} for number in range(4)]
        for part in ("train", "validation")
    }
    return features, {**splits, "test": [{"id": "test##0", **row, "label": -1}]}


def _commonsense() -> tuple[Features, Splits]:
    choices = {"label": ListOf(TEXT), "text": ListOf(TEXT)}
    features = Features({"id": TEXT, "question": TEXT, "question_concept": TEXT, "choices": choices, "answerKey": TEXT})
    offered = {"label": list("ABCDE"), "text": ["bank", "library", "shop", "mall", "park"]}
    row = {"question": "Where do you keep money?", "question_concept": "money", "choices": offered}
    rows = [{"id": f"c{key}", **row, "answerKey": key} for key in "ABE"]
    return features, {"train": rows, "validation": rows, "test": [{**row, "answerKey": ""} for row in rows]}


def _social() -> tuple[Features, Splits]:
    answers = [f"answer{letter}" for letter in "ABC"]
    features = Features(dict.fromkeys(("context", "question", *answers, "label"), TEXT))
    row = {"context": "Ada thanked Kim.", "question": "Why?", **{name: f"{name} is why." for name in answers}}
    rows = [{**row, "label": str(number)} for number in (1, 2, 3)]
    return features, {"train": rows, "validation": rows}


def _copa(premise: str, sizes: dict[str, int], changed: bool = False) -> tuple[Features, Splits]:
    """SuperGLUE's COPA, and XCOPA, which has one column more."""
    names = ClassLabel(names=["choice1", "choice2"]) if not changed else NUMBER
    features = {"premise": TEXT, "choice1": TEXT, "choice2": TEXT, "question": TEXT, "label": names, "idx": NUMBER}
    more = {"changed": BOOLEAN} if changed else {}
    rows = {
        part: [
            {"premise": premise, "choice1": "a", "choice2": "b", "question": ("cause", "effect")[n % 2],
             "label": n % 2, "idx": n, **dict.fromkeys(more, False)}
            for n in range(size)
        ]
        for part, size in sizes.items()
    }  # fmt: skip
    return Features({**features, **more}), rows
