from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from xstilts.config.sources import SyntheticSource
from xstilts.synthetic.generate import generate
from xstilts.tasks.languages import languages_of
from xstilts.tasks.nli import NLI
from xstilts.tasks.registry import POSSIBLE_TARGETS, TASKS
from xstilts.tasks.tagging import ENTITIES, UPOS
from xstilts.tasks.task import POOL, SPLITS

LANGUAGES = languages_of("synthetic")
TARGETS = [TASKS[name] for name in POSSIBLE_TARGETS]


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def path_of(root: Path, task: str, split: str, code: str = "en") -> Path:
    return TASKS[task].paths(root, split, LANGUAGES[code])[0]


def rows(path: Path) -> list[list[str]]:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n") and "\r" not in text and '"' not in text
    return [line.split("\t") for line in text.removesuffix("\n").split("\n")]


def sentences(path: Path) -> list[list[tuple[str, str]]]:
    blocks = path.read_text(encoding="utf-8").removesuffix("\n\n").split("\n\n")
    return [[(line.split("\t")[0], line.split("\t")[1]) for line in block.split("\n")] for block in blocks]


def questions(path: Path) -> list[dict[str, Any]]:
    """Questions with their context, as flat records."""
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    return [{"context": paragraph["context"], **asked} for paragraph in paragraphs for asked in paragraph["qas"]]


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        if path.suffix == ".csv":
            return list(csv.DictReader(lines))
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_same_seed_same_bytes_other_seed_other_bytes(root: Path, small: SyntheticSource, tmp_path: Path) -> None:
    generate(tmp_path / "again", small)
    assert contents(tmp_path / "again") == contents(root)
    generate(tmp_path / "other", small.model_copy(update={"seed": 4}))
    other = contents(tmp_path / "other")
    assert set(other) == set(contents(root))
    assert [name for name, content in contents(root).items() if other[name] == content] == ["languages.csv"]


@pytest.mark.parametrize("task", ["mnli", "udpos", "tydiqa"])
def test_a_task_by_itself_is_the_same_as_among_all(
    task: str, root: Path, small: SyntheticSource, tmp_path: Path
) -> None:
    generate(tmp_path, small, [task])
    alone = contents(tmp_path)
    assert len(alone) > 1
    assert all(contents(root)[name] == content for name, content in alone.items())


def test_every_file_of_the_layout_exists(root: Path) -> None:
    for task in TASKS.values():
        for split in SPLITS:
            if not task.has(split):
                continue
            for code in LANGUAGES:
                english_only = not (task in TARGETS or task.name == "text") or (
                    task.name != "text" and split in ("train", POOL)
                )
                no_dev = task.type == "tagging" and split == "dev"
                without_english = code == "en" and task in TARGETS and "en" not in task.languages
                if ((english_only or no_dev) and code != "en") or without_english:
                    continue
                for path in task.paths(root, split, LANGUAGES[code]):
                    assert path.stat().st_size > 0, path


def test_table_of_languages_has_the_properties_of_each(root: Path) -> None:
    language_rows = table(root / "languages.csv")
    assert {row["code"]: row for row in language_rows} == {
        code: {name: str(value) for name, value in vars(language).items() if value is not None}
        for code, language in LANGUAGES.items()
    }


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_pairs_are_balanced_and_parallel(task: str, root: Path, small: SyntheticSource) -> None:
    labels = NLI if task == "xnli" else ("0", "1")
    for split, size in (("train", small.train_examples), ("dev", small.eval_examples), ("test", small.eval_examples)):
        english = rows(path_of(root, task, split))
        assert len(english) == size and all(len(row) == 3 for row in english)
        assert all(count == size / len(labels) for count in Counter(row[2] for row in english).values())
        if split != "train":
            for code in LANGUAGES:
                assert [row[2] for row in rows(path_of(root, task, split, code))] == [row[2] for row in english]
    assert max(len(" ".join(row[:2]).split()) for row in english) < 40


def test_nli_of_the_intermediate_tasks_is_balanced(root: Path, small: SyntheticSource) -> None:
    for split in ("train", "dev"):
        *rounds, mnli, snli = TASKS["anli"].paths(root, split, LANGUAGES["en"])
        for path in rounds:
            assert set(Counter(record["label"] for record in records(path))) == {"e", "n", "c"}
        for path in (mnli, snli):
            counts = Counter(row["gold_label"] for row in table(path))
            without_gold = counts.pop("-", 0)
            assert max(counts.values()) - min(counts.values()) <= 1 and set(counts) == set(NLI)
            assert (without_gold > 0) is (path is snli)
    assert len(table(path_of(root, "mnli", "train"))) == small.train_examples


def test_qqp_is_balanced(root: Path) -> None:
    counts = Counter(row["is_duplicate"] for row in table(path_of(root, "qqp", "train")))
    assert counts["0"] == counts["1"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_tags_are_of_the_catalogue_and_well_formed(code: str, root: Path, small: SyntheticSource) -> None:
    pos, ner = sentences(path_of(root, "udpos", "test", code)), sentences(path_of(root, "panx", "test", code))
    assert len(pos) == len(ner) == small.eval_examples
    assert {tag for sentence in pos for _, tag in sentence} <= set(UPOS)
    assert {tag for sentence in ner for _, tag in sentence} == set(ENTITIES)
    for sentence in ner:
        before = "O"
        for _, tag in sentence:
            assert not tag.startswith("I-") or before[1:] == tag[1:], sentence
            before = tag


def test_every_tag_of_a_test_set_is_in_the_english_training_set(root: Path) -> None:
    for task in ("udpos", "panx"):
        trained = {tag for sentence in sentences(path_of(root, task, "train")) for _, tag in sentence}
        for code in LANGUAGES:
            assert {tag for sentence in sentences(path_of(root, task, "test", code)) for _, tag in sentence} <= trained


QA_EVALUATIONS = (("xquad", "test"), ("mlqa", "dev"), ("mlqa", "test"), ("tydiqa", "dev"))
QA_FILES = [
    *((task, "train", "en") for task in ("squad_v1", "squad_v2", "tydiqa")),
    *((task, "dev", "en") for task in ("squad_v1", "squad_v2")),
    *((task, split, code) for code in LANGUAGES for task, split in QA_EVALUATIONS),
]


@pytest.mark.parametrize(("task", "split", "code"), QA_FILES)
def test_answers_are_found_at_their_offsets(task: str, split: str, code: str, root: Path) -> None:
    asked = questions(path_of(root, task, split, code))
    assert len({question["id"] for question in asked}) == len(asked)
    for question in asked:
        assert len(question["answers"]) == (0 if question.get("is_impossible") else 1)
        for answer in question["answers"]:
            start = answer["answer_start"]
            assert question["context"][start : start + len(answer["text"])] == answer["text"] != ""
    assert (task == "squad_v2") is any(question.get("is_impossible") for question in asked)


def test_parallel_questions_have_the_same_ids_in_every_language(root: Path, small: SyntheticSource) -> None:
    for task, split in (("xquad", "test"), ("mlqa", "dev"), ("mlqa", "test")):
        ids = {code: [asked["id"] for asked in questions(path_of(root, task, split, code))] for code in LANGUAGES}
        assert all(each == ids["en"] for each in ids.values()) and len(ids["en"]) == small.eval_examples


def test_tydiqa_train_file_mixes_languages_as_the_release_does(root: Path, small: SyntheticSource) -> None:
    names = Counter(asked["id"].split("-")[0] for asked in questions(path_of(root, "tydiqa", "train")))
    assert names["english"] == small.train_examples and len(names) > 1
    assert set(names) <= {TASKS["tydiqa"].language_name(language) for language in LANGUAGES.values()}
    for code, language in LANGUAGES.items():
        dev = questions(path_of(root, "tydiqa", "dev", code))
        assert {asked["id"].split("-")[0] for asked in dev} == {TASKS["tydiqa"].language_name(language)}


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_mining_pools_hold_pairs_and_distractors(code: str, root: Path, small: SyntheticSource) -> None:
    pools = {}
    for split in ("dev", "test"):
        foreign, english, gold = (rows(path) for path in TASKS["bucc2018"].paths(root, split, LANGUAGES[code]))
        assert len(foreign) == len(english) == small.eval_examples
        assert len({row[0] for row in english}) == len(english) and len({row[1] for row in english}) == len(english)
        assert len(gold) == round(small.eval_examples * 2 / 3) == len({row[0] for row in gold})
        assert {row[0] for row in gold} <= {row[0] for row in foreign}
        assert {row[1] for row in gold} <= {row[0] for row in english}
        assert [row[0].split("-")[0] for row in (foreign[0], english[0])] == [code, "en"]
        pools[split] = {row[1] for row in english}
    assert not pools["dev"] & pools["test"]


def test_tatoeba_is_line_parallel_and_without_repetition(root: Path, small: SyntheticSource) -> None:
    for code in LANGUAGES:
        if code != "en":
            foreign, english = TASKS["tatoeba"].paths(root, "test", LANGUAGES[code])
            lines = [path.read_text(encoding="utf-8").splitlines() for path in (foreign, english)]
            assert [len(set(each)) for each in lines] == [small.eval_examples] * 2
            digits = [[[word for word in line.split() if word.isdigit()] for line in each] for each in lines]
            assert [sorted(each) for each in digits[0]] == [sorted(each) for each in digits[1]]


def test_multiple_choice_files_have_the_columns_of_the_releases(root: Path) -> None:
    for split in ("train", "dev"):
        for record in records(path_of(root, "hellaswag", split)):
            assert record["ctx"] == f"{record['ctx_a']} {record['ctx_b']}" and 0 <= record["label"] < 4
            assert len(record["endings"]) == len(set(record["endings"])) == 4
        for row in table(path_of(root, "cosmosqa", split)):
            assert len({row[f"answer{i}"] for i in range(4)}) == 4 and row["label"] in "0123" and row["context"]
        for record in records(path_of(root, "commonsenseqa", split)):
            choices = record["question"]["choices"]
            assert [choice["label"] for choice in choices] == list("ABCDE") and record["answerKey"] in "ABCDE"


def test_ccg_leaves_have_six_fields(root: Path) -> None:
    lines = path_of(root, "ccg", "train").read_text(encoding="utf-8").splitlines()
    for header, line in zip(lines[::2], lines[1::2], strict=True):
        assert header.startswith("ID=") and line.startswith("(<T S[dcl] ")
        leaves = [part.split(">")[0].split() for part in line.split("<") if part.startswith("L ")]
        assert leaves and all(len(leaf) == 6 for leaf in leaves)


def test_no_evaluation_example_is_in_the_training_data(root: Path) -> None:
    def english_examples(task: str, split: str) -> set[str]:
        path = path_of(root, task, split)
        if task == "anli":
            *rounds, mnli, snli = TASKS[task].paths(root, split, LANGUAGES["en"])
            examples = {f"{each['context']}\t{each['hypothesis']}" for path in rounds for each in records(path)}
            return examples | {
                f"{row['sentence1']}\t{row['sentence2']}" for path in (mnli, snli) for row in table(path)
            }
        match TASKS[task].type:
            case "classification" if task in ("xnli", "pawsx"):
                return {"\t".join(row[:2]) for row in rows(path)}
            case "classification":
                columns = ("question1", "question2") if task == "qqp" else ("sentence1", "sentence2")
                return {"\t".join(row[column] for column in columns) for row in table(path)}
            case "tagging" if task == "ccg":
                return {line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("(")}
            case "tagging":
                return {" ".join(word for word, _ in sentence) for sentence in sentences(path)}
            case "span_qa":
                return {question["context"] for question in questions(path)}
            case "dual_encoder" if task == "lareqa" or task == "squad_sentences":
                return {question["context"] for question in questions(path)}
            case "dual_encoder" if task == "mewslix":
                return {mention["entity_id"] for record in records(path) for mention in record["mentions"]}
            case "dual_encoder":
                return {record["entity"]["entity_id"] for record in records(path)}
            case _ if task in ("copa", "xcopa"):
                return {record["premise"] + record["question"] for record in records(path)}
            case _ if task == "siqa":
                return {record["context"] + record["question"] for record in records(path)}
            case _ if task == "hellaswag":
                return {record["ctx"] for record in records(path)}
            case _ if task == "cosmosqa":
                return {row["context"] + row["question"] for row in table(path)}
            case _:
                return {record["question"]["stem"] for record in records(path)}

    for task in TASKS.values():
        if (task in TARGETS and "en" not in task.languages) or task.name == "text":
            continue
        trained = english_examples(task.trained_on or task.name, "train")
        for split in ("dev", "test"):
            if task.has(split):
                assert not trained & english_examples(task.name, split), (task.name, split)


def test_tasks_have_no_foreign_words(root: Path) -> None:
    english = {word for row in rows(path_of(root, "xnli", "train")) for text in row[:2] for word in text.split()}
    assert all(word.isascii() for word in english)
    own = (root / "text/qag.txt").read_text(encoding="utf-8")
    assert any(word.isascii() and word.isalpha() for word in own.split())
    for tokens in sentences(path_of(root, "udpos", "test", "qag")):
        assert all(not (word.isascii() and word.isalpha()) for word, _ in tokens)


def test_intermediate_tasks_contain_no_evaluation_examples_of_targets(root: Path) -> None:
    evaluated = {tuple(row[:2]) for split in ("dev", "test") for row in rows(path_of(root, "xnli", split))}
    *rounds, mnli, snli = TASKS["anli"].paths(root, "train", LANGUAGES["en"])
    trained = {(row["sentence1"], row["sentence2"]) for path in (mnli, snli) for row in table(path)}
    trained |= {(each["context"], each["hypothesis"]) for path in rounds for each in records(path)}
    assert not trained & evaluated
    asked = {each["context"] for task in ("xquad", "mlqa") for each in questions(path_of(root, task, "test"))}
    for task in ("squad_v1", "squad_v2"):
        assert not asked & {each["context"] for each in questions(path_of(root, task, "train"))}
