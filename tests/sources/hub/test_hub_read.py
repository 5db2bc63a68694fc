"""Every task from a repository of its shape to canonical examples, through ``datasets.load_dataset``."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import repositories
from datasets import ClassLabel, Features
from datasets import List as ListOf
from repositories import NUMBER, TEXT

from xstilts.data import examples
from xstilts.errors import DataError
from xstilts.task_types import canonical_schema
from xstilts.tasks.registry import TASKS
from xstilts.tasks.tagging import ENTITIES, UPOS

#: By task, split and language: how many examples, and the first.
FIRST = {
    ("anli", "train", "en"): (18, {"id": "R1/train-1-0", "label": "entailment"}),
    ("anli", "dev", "en"): (18, {"id": "R1/dev-1-0", "hypothesis": "Someone makes music."}),
    ("mnli", "train", "en"): (3, {"id": "train0e", "premise": "A man plays a guitar.", "label": "entailment"}),
    ("mnli", "dev", "en"): (3, {"id": "dev0e"}),
    ("qqp", "train", "en"): (3, {"id": "1", "premise": "What is it?", "hypothesis": "What is this?", "label": "1"}),
    ("qqp", "dev", "en"): (3, {"id": "1", "label": "1"}),
    ("squad_v1", "train", "en"): (4, {"id": "q0", "answers": ["the Vistula"], "answer_starts": [33]}),
    ("squad_v1", "dev", "en"): (3, {"id": "q0"}),
    ("squad_v2", "train", "en"): (4, {"id": "q0", "answers": ["the Vistula"]}),
    ("squad_v2", "dev", "en"): (3, {"id": "q0"}),
    ("hellaswag", "train", "en"): (4, {"id": "1", "prompt": "A man holds a guitar.", "label": 0}),
    ("hellaswag", "dev", "en"): (4, {"id": "1", "label": 0}),
    ("cosmosqa", "train", "en"): (4, {"id": "train##0", "prompt": "It rained all day. Why is it wet?", "label": 0}),
    ("cosmosqa", "dev", "en"): (4, {"id": "validation##0"}),
    ("commonsenseqa", "train", "en"): (3, {"id": "cA", "prompt": "Where do you keep money?", "label": 0}),
    ("commonsenseqa", "dev", "en"): (3, {"id": "cA"}),
    ("siqa", "train", "en"): (3, {"id": "1", "prompt": "Ada thanked Kim. Why?", "label": 0}),
    ("siqa", "dev", "en"): (3, {"id": "1", "choices": ["answerA is why.", "answerB is why.", "answerC is why."]}),
    ("copa", "train", "en"): (4, {"id": "1", "prompt": "The vase fell. What was the cause?", "label": 0}),
    ("copa", "dev", "en"): (2, {"id": "1", "choices": ["a", "b"]}),
    ("xcopa", "dev", "zh"): (2, {"id": "1", "prompt": "花瓶掉了。 What was the cause?", "label": 0}),
    ("xcopa", "test", "it"): (3, {"id": "1", "prompt": "Il vaso è caduto. What was the cause?", "label": 0}),
    ("xnli", "train", "en"): (3, {"id": "1", "label": "entailment"}),
    ("xnli", "dev", "th"): (3, {"id": "1", "label": "entailment"}),
    ("xnli", "test", "zh"): (3, {"id": "1", "premise": "一个男人在弹吉他。", "label": "entailment"}),
    ("pawsx", "train", "en"): (3, {"id": "1", "label": "1"}),
    ("pawsx", "dev", "fr"): (3, {"id": "1", "label": "1"}),
    ("pawsx", "test", "de"): (3, {"id": "1", "premise": "Ein Mann spielt Gitarre.", "label": "1"}),
    ("udpos", "train", "en"): (3, {"id": "1", "tags": ["PROPN", "VERB", "PROPN", "PROPN"][:3]}),
    ("udpos", "dev", "es"): (3, {"id": "1", "tokens": ["Ada", "visita", "Madrid"]}),
    ("udpos", "test", "kk"): (3, {"id": "1", "tokens": ["Ада", "келді", "."], "tags": ["PROPN", "VERB", "PUNCT"]}),
    ("udpos", "test", "th"): (3, {"id": "1"}),
    ("panx", "train", "en"): (3, {"id": "1", "tags": ["B-PER", "O", "B-LOC"]}),
    ("panx", "dev", "sw"): (3, {"id": "1", "tokens": ["Ada", "alitembelea", "Nairobi"]}),
    ("panx", "test", "de"): (3, {"id": "1", "tags": ["B-PER", "O", "B-LOC"]}),
    ("xquad", "test", "zh"): (3, {"id": "0", "answers": ["维斯瓦河畔"], "answer_starts": [4]}),
    ("mlqa", "dev", "de"): (3, {"id": "0", "answers": ["der Weichsel"]}),
    ("mlqa", "test", "en"): (3, {"id": "0", "answers": ["the Vistula"], "answer_starts": [32]}),
    ("tydiqa", "train", "en"): (4, {"id": "english-0", "answer_starts": [32]}),
    ("tydiqa", "dev", "en"): (4, {"id": "english-0"}),
    ("tydiqa", "test", "ko"): (4, {"id": "korean-0", "answers": ["비스와강 유역"], "answer_starts": [6]}),
    ("tatoeba", "test", "sw"): (4, {"id": "sw-1", "side": "foreign", "text": "Mwanamume anacheza gitaa."}),
}


@pytest.mark.parametrize(("task", "split", "code"), FIRST)
def test_canonical_examples_keep_the_rules_of_their_format(downloads, task, split, code):
    downloads.fetch(task, split, code)
    table = downloads.read(task, split, code)
    assert table.schema == canonical_schema(TASKS[task])
    count, first = FIRST[task, split, code]
    assert table.num_rows == count
    assert table.to_pylist()[0].items() >= first.items()
    examples.check(TASKS[task], table, "mirror")
    assert table.column("id").to_pylist() == downloads.read(task, split, code).column("id").to_pylist()


def test_no_blank_or_line_is_added_or_lost(downloads):
    rows = downloads.rows("tatoeba", "test", "de")
    assert [row["id"] for row in rows] == ["de-1", "de-2", "en-1", "en-2"]
    assert rows[2] == {"id": "en-1", "side": "english", "text": "A man plays a guitar.", "matches": ["de-1"]}
    assert [row["text"] for row in rows] == [*repositories.PAIRS["de"], *repositories.PAIRS["en"]]
    assert downloads.rows("squad_v1")[0]["context"].startswith(" Warsaw")


def test_parts_of_anli_plus_alternate_and_rows_without_consensus_are_left_out(downloads):
    identifiers = [row["id"] for row in downloads.rows("anli")]
    rounds = [[f"R{n}/train-{n}-{row}" for n in (1, 2, 3)] for row in range(5)]
    others = [[f"mnli/train{row}e", f"snli/{row + 1}"] for row in range(3)]
    assert identifiers == [
        *rounds[0], *others[0], *rounds[1], *others[1], *rounds[2], *others[2], *rounds[3][1:], *rounds[4][2:],
    ]  # fmt: skip


def test_labels_are_mapped_by_their_names_and_not_by_their_numbers(downloads):
    order = ["neutral", "contradiction", "entailment"]
    features = Features({"premise": TEXT, "hypothesis": TEXT, "label": ClassLabel(names=order)})
    rows = [{"premise": name, "hypothesis": "", "label": number} for number, name in enumerate(order)]
    downloads.replace("facebook/xnli", "de", features, test=rows)
    assert [(row["premise"], row["label"]) for row in downloads.rows("xnli", "test", "de")] == [
        (name, name) for name in order
    ]


@pytest.mark.parametrize(
    ("task", "repository", "config", "columns", "order", "canonical"),
    [
        ("qqp", "nyu-mll/glue", "qqp", ("question1", "question2"), ["duplicate", "not_duplicate"], ["1", "0"]),
        ("pawsx", "google-research-datasets/paws-x", "en", ("sentence1", "sentence2"), ["1", "0"], ["1", "0"]),
    ],
)
def test_labels_of_paraphrases_too(downloads, task, repository, config, columns, order, canonical):
    features = Features({**dict.fromkeys(columns, TEXT), "label": ClassLabel(names=order)})
    rows = [{**dict.fromkeys(columns, "a"), "label": number} for number in range(2)]
    downloads.replace(repository, config, features, train=rows)
    assert [row["label"] for row in downloads.rows(task)] == canonical


@pytest.mark.parametrize(
    ("task", "config", "column", "names"),
    [("udpos", "udpos.English", "pos_tags", UPOS), ("panx", "PAN-X.en", "ner_tags", ENTITIES)],
)
def test_tags_too(downloads, task, config, column, names):
    order = list(reversed(names))
    features = Features({"tokens": ListOf(TEXT), column: ListOf(ClassLabel(names=order))})
    row = {"tokens": order, column: list(range(len(order)))}
    downloads.replace("google/xtreme", config, features, train=[row])
    assert downloads.rows(task)[0]["tags"] == order


def test_a_label_without_a_name_is_refused(downloads):
    features = Features({"premise": TEXT, "hypothesis": TEXT, "label": NUMBER})
    downloads.replace("facebook/xnli", "de", features, test=[{"premise": "a", "hypothesis": "b", "label": 0}])
    downloads.fetch("xnli", "test", "de")
    assert "row 1: column 'label' has no names for its labels" in downloads.error("xnli", "test", "de")


def test_a_name_that_is_none_of_the_tasks_labels_is_refused(downloads):
    features = Features({"premise": TEXT, "hypothesis": TEXT, "label": ClassLabel(names=["maybe"])})
    downloads.replace("facebook/xnli", "de", features, test=[{"premise": "a", "hypothesis": "b", "label": 0}])
    downloads.fetch("xnli", "test", "de")
    assert "row 1: the label 'maybe' is none of entailment, neutral, contradiction" in downloads.error(
        "xnli", "test", "de"
    )


def test_test_rows_of_qqp_in_place_of_dev_rows_are_refused(downloads):
    features, splits = repositories.contents()["nyu-mll/glue"]
    downloads.replace("nyu-mll/glue", "qqp", features["qqp"], validation=splits["qqp"]["test"])
    downloads.fetch("qqp", "dev", "en")
    assert "row 1: 'label' is -1, which is no label" in downloads.error("qqp", "dev")


@pytest.mark.parametrize(
    ("task", "repository", "config", "message"),
    [
        ("hellaswag", "Rowan/hellaswag", "main", "the label '' is none of the choices 0, 1, 2, 3"),
        ("cosmosqa", "allenai/cosmos_qa", "default", "the label '-1' is none of the choices 0, 1, 2, 3"),
        ("commonsenseqa", "tau/commonsense_qa", "main", "the label '' is none of the choices A, B, C, D, E"),
    ],
)
def test_rows_of_a_test_split_have_no_right_choice(downloads, task, repository, config, message):
    features, configs = repositories.contents()[repository]
    rows = [{"id": "1", **row} if task == "commonsenseqa" else row for row in configs[config]["test"]]
    downloads.replace(repository, config, features[config], validation=rows)
    downloads.fetch(task, "dev", "en")
    assert f"row 1: {message}" in downloads.error(task, "dev")


def test_choices_of_hellaswag_begin_with_the_start_of_the_last_sentence(downloads):
    first, second, *_ = downloads.rows("hellaswag")
    assert first["choices"][0] == "plays a song." and second["choices"][0] == "he plays a song."
    assert second["label"] == 1


def test_the_key_of_commonsenseqa_names_a_choice(downloads):
    assert [row["label"] for row in downloads.rows("commonsenseqa")] == [0, 1, 4]


def test_labels_of_social_iqa_count_from_1_and_those_of_copa_from_0(downloads):
    assert [row["label"] for row in downloads.rows("siqa")] == [0, 1, 2]
    assert [(row["prompt"].split()[-1], row["label"]) for row in downloads.rows("copa")][:2] == [
        ("cause?", 0), ("effect?", 1),
    ]  # fmt: skip


def test_a_question_of_copa_asks_for_cause_or_effect(downloads):
    features, configs = repositories.contents()["aps/super_glue"]
    rows = [{**row, "question": "reason"} for row in configs["copa"]["validation"]]
    downloads.replace("aps/super_glue", "copa", features["copa"], validation=rows)
    downloads.fetch("copa", "dev", "en")
    assert "row 1: 'question' is 'reason', not cause or effect" in downloads.error("copa", "dev")


def test_unanswerable_questions_of_squad_2(downloads):
    assert downloads.rows("squad_v2")[-1].items() >= {"answers": [], "answer_starts": []}.items()


def test_training_on_tydiqa_sees_no_other_language(downloads):
    rows = downloads.rows("tydiqa", "train", "en")
    assert [row["id"] for row in rows] == ["english-0", "english-1", "english-2", "english--87-0"]


@pytest.mark.parametrize("code", ["fi", "ko", "sw"])
def test_dev_and_test_of_tydiqa_are_the_languages_part_of_one_split(downloads, code):
    identifiers = [row["id"] for row in downloads.rows("tydiqa", "test", code)]
    name = repositories.TYDIQA_NAMES[code]
    assert identifiers == [f"{name}-0", f"{name}-1", f"{name}-2", f"{name}--87-0"]
    assert downloads.file("tydiqa", "dev") == downloads.file("tydiqa", "test", code)


@pytest.mark.parametrize(("task", "code"), [("xquad", "zh"), ("mlqa", "zh"), ("tydiqa", "fi"), ("tydiqa", "sw")])
def test_offsets_that_fit_no_stripped_context_are_aligned_anew(downloads, task, code):
    stored = downloads.fetch(task, "test", code)
    assert "aligned anew" in stored[0]["note"]
    for row in downloads.read(task, "test", code).to_pylist():
        (answer,), (start,) = row["answers"], row["answer_starts"]
        assert row["context"][start:].startswith(answer)
        assert start == repositories.PASSAGES[code][0].strip().index(answer)


LOST = {"id": "english-9", "title": "", "context": "Nothing.", "question": "What?",
        "answers": {"text": ["gone"], "answer_start": [0]}}  # fmt: skip


def test_a_training_question_whose_answer_is_nowhere_is_left_out_and_counted(downloads, capsys):
    rows = [LOST, *repositories._tydiqa("en")]
    downloads.replace("google-research-datasets/tydiqa", "secondary_task", repositories.SQUAD, train=rows)
    assert downloads.rows("tydiqa")[0]["id"] == "english-0"
    assert "1 training question left out" in capsys.readouterr().out


def test_an_evaluation_question_whose_answer_is_nowhere_is_an_error(downloads):
    downloads.replace("google-research-datasets/tydiqa", "secondary_task", repositories.SQUAD, validation=[LOST])
    downloads.fetch("tydiqa", "dev", "en")
    assert "row 1: the answer 'gone' of question 'english-9' is nowhere in its context" in downloads.error(
        "tydiqa", "dev"
    )


def test_offsets_of_squad_must_fit_as_they_are(downloads):
    row = repositories._stripped("en", 1)[0]
    downloads.replace("rajpurkar/squad", "plain_text", repositories.SQUAD, train=[row])
    downloads.rows("squad_v1")
    with pytest.raises(DataError, match="should stand at character 33"):
        examples.check(TASKS["squad_v1"], downloads.read("squad_v1"), "squad")


def test_more_rows_than_are_held_at_a_time(downloads, monkeypatch):
    monkeypatch.setattr("xstilts.sources.rows._CHUNK", 2)
    assert len(downloads.rows("squad_v1")) == 4


def test_a_column_that_is_not_there(downloads):
    downloads.replace("facebook/xnli", "de", Features({"sentence1": TEXT}), test=[{"sentence1": "a"}])
    downloads.fetch("xnli", "test", "de")
    message = downloads.error("xnli", "test", "de")
    assert "has no column 'premise', 'hypothesis', 'label'; its columns are: sentence1" in message


def test_a_cell_that_is_empty(downloads):
    features, _ = repositories.contents()["facebook/xnli"]
    rows = [{"premise": "a", "hypothesis": "b", "label": 0}, {"premise": "a", "hypothesis": None, "label": 0}]
    downloads.replace("facebook/xnli", "de", features["de"], test=rows)
    downloads.fetch("xnli", "test", "de")
    assert "row 2: has no 'hypothesis'" in downloads.error("xnli", "test", "de")


def test_nothing_was_prefetched(downloads):
    message = downloads.error("xnli", "test", "de")
    assert "facebook/xnli (config de, split test" in message and "has not been prefetched" in message
    assert "snakemake prefetch" in message


@pytest.mark.parametrize("damage", ["cut off", "other rows", "no record", "half a record", "a list", "another commit"])
def test_a_damaged_download_is_refused(downloads, damage):
    downloads.fetch("xnli", "test", "de")
    file = downloads.file("xnli", "test", "de")
    record = file.with_name(f"{file.name}.json")
    found = json.loads(record.read_text(encoding="utf-8"))
    match damage:
        case "cut off":
            file.write_bytes(file.read_bytes()[:100])
        case "other rows":
            pq.write_table(pa.table({"premise": ["a"]}), file)
        case "no record":
            record.unlink()
        case "half a record":
            record.write_text(record.read_text(encoding="utf-8")[:40], encoding="utf-8")
        case "a list":
            record.write_text("[]", encoding="utf-8")
        case "another commit":
            record.write_text(json.dumps({**found, "revision": "0" * 40}), encoding="utf-8")
    message = downloads.error("xnli", "test", "de")
    assert file.name in message and "Run snakemake prefetch again" in message
    if damage != "another commit":
        downloads.fetch("xnli", "test", "de")
        assert downloads.read("xnli", "test", "de").num_rows == 3
