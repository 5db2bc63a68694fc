"""XNLI, PAWS-X, MNLI, SNLI, QQP and ANLI as their releases write them."""

from __future__ import annotations

import json
from itertools import islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xstilts.errors import DataError
from xstilts.sources.readers import pairs
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TASKS

ENGLISH = languages_of("files")["en"]
MNLI = "intermediate/mnli/train.tsv"
QQP = "intermediate/qqp/train.tsv"
XNLI = "xtreme/xnli/test-en.tsv"
PAWSX = "xtreme/pawsx/dev-ko.tsv"
NLI_HEADER = "index\tpairID\tsentence1\tsentence2\tlabel1\tgold_label"
QQP_HEADER = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"

#: What may stand in a field: anything but tab, LF, and a CR that LF follows.
FIELD = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\t\n\r") | st.sampled_from("\"'\u2028\x85")
)


def table(*rows: str) -> str:
    return "".join(f"{row}\n" for row in rows)


def anli(**fields: str) -> str:
    whole = {"uid": "u1", "context": "It rains.", "hypothesis": "It is wet.", "label": "e", **fields}
    return json.dumps({name: value for name, value in whole.items() if value is not None}) + "\n"


def anli_plus(release, split: str, **sizes: int) -> None:
    """The five files of ANLI+, with as many rows as ``sizes`` says, else one; ids are numbers from 0."""
    for part in ("R1", "R2", "R3"):
        content = "".join(anli(uid=str(n)) for n in range(sizes.get(part, 1)))
        release.write(f"intermediate/anli/{part}/{split}.jsonl", content)
    for part, name in (("mnli", split if split == "train" else "dev_matched"), ("snli", split)):
        rows = [f"{n}\t{n}\tIt rains.\tIt is wet.\tneutral\tentailment" for n in range(sizes.get(part, 1))]
        release.write(f"intermediate/{part}/{name}.tsv", table(NLI_HEADER, *rows))


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_only_blank_lines_at_the_end_are_skipped(release, ends):
    release.write(PAWSX, f"a\tb\t0{ends}c\td\t1{ends}{ends}{ends}")
    assert [row["id"] for row in release.rows("pawsx", "dev", "ko")] == ["1", "2"]
    release.write(PAWSX, f"a\tb\t0{ends}{ends}c\td\t1{ends}")
    assert f"{PAWSX}, row 2: has 1 field where 2 or 3 are expected" in release.error("pawsx", "dev", "ko")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(FIELD, FIELD, st.sampled_from(["0", "1"])), min_size=1), end=st.sampled_from(["\n", "\r\n"])
)
def test_what_stands_between_tabs_comes_back(release, rows, end):
    text = "".join("\t".join(row) + end for row in rows)
    release.write(PAWSX, b"\xef\xbb\xbf" + text.encode())
    read = [(row["premise"], row["hypothesis"], row["label"]) for row in release.rows("pawsx", "dev", "ko")]
    assert read == rows


def test_quotes_are_text_and_do_not_join_rows(release):
    release.write(XNLI, table('"He said ""no"".\tHe refused.\tentailment', "He\u2028left.\tWho?\tneutral"))
    assert [row["premise"] for row in release.rows("xnli", "test")] == ['"He said ""no"".', "He\u2028left."]


def test_untranslated_and_empty_cells_of_pawsx_are_kept(release):
    release.write(PAWSX, table("NS\t그는 갔다\t0", "\tNS\t1"))
    assert release.rows("pawsx", "dev", "ko") == [
        {"id": "1", "premise": "NS", "hypothesis": "그는 갔다", "label": "0"},
        {"id": "2", "premise": "", "hypothesis": "NS", "label": "1"},
    ]


def test_xnli_spells_contradiction_in_two_ways(release):
    release.write("xtreme/xnli/train-en.tsv", table("a\tb\tcontradictory", "a\tb\tcontradiction"))
    assert [row["label"] for row in release.rows("xnli")] == ["contradiction"] * 2


def test_glue_finds_columns_by_name_and_leaves_out_rows_without_gold_label(release):
    rows = [
        "0\t7e\tIt rains.\tIt is wet.\tneutral\tentailment",
        "1\t8n\tA\tB\tneutral\t-",
        "2\t9c\tC\tD\tx\tcontradiction",
    ]
    release.write(MNLI, table(NLI_HEADER, *rows))
    assert release.rows("mnli") == [
        {"id": "7e", "premise": "It rains.", "hypothesis": "It is wet.", "label": "entailment", "genre": None},
        {"id": "9c", "premise": "C", "hypothesis": "D", "label": "contradiction", "genre": None},
    ]


def test_the_parts_of_anli_plus_take_turns_until_each_has_ended(release):
    anli_plus(release, "dev", R1=2, R2=4, R3=1, mnli=3, snli=3)
    ids = [row["id"] for row in release.rows("anli", "dev")]
    rounds = ["R1 R2 R3 mnli snli", "R1 R2 mnli snli", "R2 mnli snli", "R2"]
    assert ids == [f"{part}/{n}" for n, parts in enumerate(rounds) for part in parts.split()]


def test_anli_plus_is_read_row_by_row(release):
    anli_plus(release, "train", R1=3, R2=3, R3=3, mnli=3, snli=3)
    round_2 = release.root / "intermediate/anli/R2/train.jsonl"
    round_2.write_text(anli(uid="0") + anli(uid="1") + "no JSON\n")
    rows = pairs.anli_plus(TASKS["anli"].paths(release.root, "train", ENGLISH), TASKS["anli"], ENGLISH)
    assert [row["id"].split("/")[1] for row in islice(rows, 10)] == [*"00000", *"11111"]
    with pytest.raises(DataError, match="row 3: is not valid JSON"):
        next(rows)


def test_the_gold_label_of_snli_rows_with_more_annotators_than_the_header(release):
    anli_plus(release, "train")
    five = "neutral\tneutral\tentailment\tneutral\tentailment"
    release.write("intermediate/snli/train.tsv", table(NLI_HEADER, f"0\t1.jpg#0r1n\tA\tB\t{five}\tneutral"))
    rows = release.rows("anli")
    assert [row["id"] for row in rows] == ["R1/0", "R2/0", "R3/0", "mnli/0", "snli/1.jpg#0r1n"]
    assert rows[0] == {"id": "R1/0", "premise": "It rains.", "hypothesis": "It is wet.", "label": "entailment"}
    assert rows[-1]["label"] == "neutral"


def test_few_broken_rows_of_qqp_are_left_out_and_many_are_an_error(release):
    good = [f"{n}\t0\t1\tWho?\tWhat?\t{n % 2}" for n in range(4000)]
    broken = ["4001\t0\t1\tWas he", '"\tWhat is the evidence?\t0']
    release.write(QQP, table(QQP_HEADER, *good, *broken))
    rows = release.rows("qqp")
    assert len(rows) == 4000
    assert rows[1] == {"id": "1", "premise": "Who?", "hypothesis": "What?", "label": "1"}

    release.write(QQP, table(QQP_HEADER, *good[:10], *broken))
    message = release.error("qqp")
    assert f"{QQP}, row 12: has 4 fields where 6 are expected." in message and "docs/data.md" in message


@pytest.mark.parametrize(
    ("task", "split", "name", "content", "row", "problem"),
    [
        ("xnli", "test", XNLI, table("a\tb\tneutral", "a\tb"), 2, "lacks a label, but the rows before it"),
        ("xnli", "test", XNLI, table("a\tb\tneutral", "a\tb\tc\tneutral"), 2, "has 4 fields where 2 or 3 are expected"),
        ("xnli", "test", XNLI, table("a"), 1, "has 1 field where 2 or 3 are expected"),
        ("xnli", "test", XNLI, table("a\tb\tNeutral"), 1, "'Neutral' is unknown. XNLI has: entailment, neutral, contr"),
        ("xnli", "test", XNLI, table("a\tb\t-"), 1, "the label '-' is unknown"),
        ("xnli", "test", XNLI, table("sentence1\tsentence2\tgold_label"), 1, "the label 'gold_label' is unknown"),
        ("mnli", "train", MNLI, table(NLI_HEADER, "0\t7e\ta\tb\tx\tyes"), 2, "the label 'yes' is unknown"),
        ("mnli", "train", MNLI, table(NLI_HEADER, "0\t7e\ta\tb\tneutral"), 2, "has 5 fields where 6 are expected"),
        ("mnli", "train", MNLI, table("pairID\tsentence1"), 1, "'gold_label'; its columns are: pairID, sentence1."),
        ("qqp", "train", QQP, table("id\tquestion1\tquestion2"), 1, "no column 'is_duplicate'"),
        ("qqp", "train", QQP, table(QQP_HEADER, "0\t0\t1\ta\tb\t2"), 2, "'2' is unknown. QQP has: 0, 1."),
    ],
)  # fmt: skip
def test_bad_rows(release, task, split, name, content, row, problem):
    release.write(name, content)
    message = release.error(task, split)
    assert f"{name}, row {row}: " in message and problem in message and "docs/data.md" in message


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (anli(label="x"), "the label 'x' is unknown"),
        (anli(label=None), "has no field 'label'; its fields are: uid, context, hypothesis"),
        (anli(label=0), "field 'label' must be text, found 0"),
        (anli(context=["a"]), "field 'context' must be text, found [\"a\"]"),
        (anli(uid=None), "has no field 'uid'"),
        (anli()[:-3], "is not valid JSON"),
        ("[1, 2]", "is not a JSON object"),
        (anli().replace("rains", "\\ud83d"), "without its other half"),
    ],
)
def test_bad_lines_of_anli(release, line, problem):
    name = "intermediate/anli/R1/dev.jsonl"
    anli_plus(release, "dev")
    release.write(name, anli(context="🌧 \ud83c\udf27".encode("utf-16", "surrogatepass").decode("utf-16")) + "\n" + line)
    message = release.error("anli", "dev")
    assert f"{name}, row 3: " in message and problem in message and "docs/data.md" in message
