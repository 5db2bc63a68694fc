"""UDPOS, PAN-X and CCGbank as their releases write them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xstilts.tasks.tagging import UPOS

UDPOS = "xtreme/udpos/train-en.tsv"
PANX = "xtreme/panx/test-sw.tsv"
CCG = "intermediate/ccg/dev.auto"
ID = "ID=wsj_0001.1 PARSER=GOLD NUMPARSE=1\n"

TOKEN = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\t\n") | st.sampled_from('"\u2028\x85\r ')
)
SENTENCE = st.lists(st.tuples(TOKEN, st.sampled_from(UPOS)), min_size=1, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(SENTENCE, min_size=1, max_size=5), st.sampled_from(["\n", "\r\n"]), st.integers(0, 2))
def test_tokens_and_tags_come_back(release, sentences, end, blank_lines_at_the_end):
    blocks = ["".join(f"{token}\t{tag}{end}" for token, tag in sentence) for sentence in sentences]
    release.write(UDPOS, b"\xef\xbb\xbf" + (end.join(blocks) + end * blank_lines_at_the_end).encode())
    rows = release.rows("udpos")
    assert [list(zip(row["tokens"], row["tags"], strict=True)) for row in rows] == sentences
    assert [row["id"] for row in rows] == [str(n) for n in range(1, len(sentences) + 1)]


def test_language_prefixes_of_the_raw_panx_release_are_removed(release):
    release.write(PANX, "sw:Dar\tB-LOC\nsw::\tO\n\nsw:\tO\n\n\nsw:sw:b\tO\n")
    assert [row["tokens"] for row in release.rows("panx", "test", "sw")] == [["Dar", ":"], [""], ["sw:b"]]


def test_a_token_that_only_looks_like_a_prefix_is_kept(release):
    release.write(PANX, "sw:Dar\tB-LOC\nes\tO\n\nsw:x\tO\n")
    assert [row["tokens"] for row in release.rows("panx", "test", "sw")] == [["sw:Dar", "es"], ["sw:x"]]
    release.write(UDPOS, "en:a\tX\n")
    assert release.rows("udpos") == [{"id": "1", "tokens": ["en:a"], "tags": ["X"]}]


def test_leaves_of_a_derivation_become_words_and_categories(release):
    derivation = (
        "(<T S[dcl] 0 2> (<T NP 0 2> (<L NP/N DT DT The NP_1/N_1>) (<L N NN NN plan N>) ) "
        "(<T S[dcl]\\NP 0 2> (<L (S[dcl]\\NP)/NP VBZ VBZ > (S[dcl]\\NP_2)/NP_3>) (<L NP NN NN < NP>) "
        "(<L . . . . .>) ) )\n"
    )
    release.write(CCG, ID + derivation + "\nID=wsj_0001.2\n(<L N NNP NNP -LRB- N>)\n")
    assert release.rows("ccg", "dev") == [
        {
            "id": "wsj_0001.1",
            "tokens": ["The", "plan", ">", "<", "."],
            "tags": ["NP/N", "N", "(S[dcl]\\NP)/NP", "NP", "."],
        },
        {"id": "wsj_0001.2", "tokens": ["-LRB-"], "tags": ["N"]},
    ]


@pytest.mark.parametrize(
    ("task", "split", "language", "name", "content", "row", "problem"),
    [
        ("udpos", "train", "en", UDPOS, "a\tX\n\nb\n", 3, "lacks a tag, but the rows before it have one"),
        ("udpos", "train", "en", UDPOS, "a\tX\nb\tX\tX\n", 2, "has 3 fields where 2 are expected"),
        ("udpos", "train", "en", UDPOS, "a\tX\nb\tx\n", 2, "the tag 'x' is unknown. UDPOS has: ADJ, ADP"),
        ("udpos", "train", "en", UDPOS, "a\t\n", 1, "the tag '' is unknown"),
        ("panx", "test", "sw", PANX, "a\tB-MISC\n", 1, "the tag 'B-MISC' is unknown. PAN-X has: O, B-PER"),
        ("ccg", "dev", "en", CCG, "(<L N NN NN plan N>)\n", 1, "a line 'ID=…' is expected"),
        ("ccg", "dev", "en", CCG, ID + ID, 2, "'wsj_0001.1', has no derivation"),
        ("ccg", "dev", "en", CCG, ID, 1, "ends before the derivation of 'wsj_0001.1'"),
        ("ccg", "dev", "en", CCG, ID + "(<T N 0 1> (<L N NN NN plan>) (<L N NN NN plan N>) )\n", 2, "1 of 2 leaves"),
        ("ccg", "dev", "en", CCG, ID + "The plan\n", 2, "0 of 0 leaves"),
    ],
)  # fmt: skip
def test_bad_rows(release, task, split, language, name, content, row, problem):
    release.write(name, content)
    message = release.error(task, split, language)
    assert f"{name}, row {row}: " in message and problem in message and "docs/data.md" in message
