from __future__ import annotations

import os
import shutil
import string
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import TEXT
from transformers import PreTrainedTokenizerFast

from xstilts.atomic import remove_leftovers
from xstilts.data import tokenizer
from xstilts.errors import UserError

RARE = ["".join(chr(0x4E00 + code) for code in range(start, start + 7)) for start in range(0, 700, 7)]


@pytest.fixture(scope="module")
def learnt() -> PreTrainedTokenizerFast:
    return tokenizer.train(TEXT, vocabulary_size=300, max_length=40)


@pytest.fixture(scope="module")
def roomy() -> PreTrainedTokenizerFast:
    """With a place for every character."""
    return tokenizer.train(TEXT, vocabulary_size=400, max_length=40)


def test_special_tokens_have_xlm_r_s_ids(learnt: PreTrainedTokenizerFast) -> None:
    assert learnt.convert_tokens_to_ids(["<s>", "<pad>", "</s>", "<unk>"]) == [0, 1, 2, 3]
    assert (learnt.bos_token_id, learnt.pad_token_id, learnt.eos_token_id, learnt.unk_token_id) == (0, 1, 2, 3)
    assert (learnt.cls_token, learnt.sep_token, learnt.mask_token) == ("<s>", "</s>", "<mask>")
    assert len(learnt) == 300
    assert learnt.model_max_length == 40


def test_layout_of_one_and_two_sentences(learnt: PreTrainedTokenizerFast) -> None:
    one, two = learnt.tokenize("the brother"), learnt.tokenize("the market")
    assert learnt("the brother", "the market").tokens() == ["<s>", *one, "</s>", "</s>", *two, "</s>"]
    assert learnt("the brother").tokens() == ["<s>", *one, "</s>"]
    assert "token_type_ids" not in learnt("the brother", "the market")


@pytest.mark.parametrize("texts", [TEXT, RARE, [*TEXT, *RARE]], ids=["common", "rare", "both"])
def test_the_same_text_gives_the_same_vocabulary(texts: list[str]) -> None:
    """Of characters that are equally rare, the same ones are left out every time."""
    found = {tokenizer.train(iter(texts), 100, 40).backend_tokenizer.to_str() for _ in range(4)}
    assert len(found) == 1


def test_frequent_characters_are_kept() -> None:
    learnt = tokenizer.train(["bb", "aaa", "c"], vocabulary_size=10, max_length=8)  # half of 10: ▁ and four characters
    assert {"▁", "a", "b", "c"} <= set(learnt.get_vocab())
    learnt = tokenizer.train(["dddd", "ccc", "bb", "a"], vocabulary_size=8, max_length=8)  # ▁ and three
    assert set("dcb") <= set(learnt.get_vocab())
    assert learnt("a")["input_ids"] == [0, learnt.get_vocab()["▁"], 3, 2]


def test_words_begin_with_a_mark_and_punctuation_stands_alone(learnt: PreTrainedTokenizerFast) -> None:
    tokens = learnt.tokenize("the market, the (market)?")
    assert tokens.count("▁the") == 2
    assert [token for token in tokens if set(token) & set(string.punctuation)] == [",", "▁(", ")", "?"]
    for token in learnt.get_vocab():
        assert (
            token in tokenizer.SPECIAL_TOKENS
            or len(token.removeprefix("▁")) == 1
            or not set(token) & set(string.punctuation)
        )


@settings(deadline=None)
@given(word=st.text(alphabet=sorted(set("".join(TEXT)) - {" "}), min_size=1, max_size=8))
def test_text_of_known_characters_has_no_unknown_token(roomy: PreTrainedTokenizerFast, word: str) -> None:
    assert roomy.unk_token_id not in roomy(word)["input_ids"]


def test_saved_and_loaded_it_is_the_same(learnt: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "tokenizer"
    tokenizer.save(learnt, folder)
    loaded = tokenizer.load(folder)
    assert loaded.get_vocab() == learnt.get_vocab()
    assert loaded.all_special_tokens == learnt.all_special_tokens
    for text in TEXT:
        assert loaded(text)["input_ids"] == learnt(text)["input_ids"]
    assert loaded("a", "b").keys() == learnt("a", "b").keys()
    assert (folder / "tokenizer.json").is_file()
    assert not list(folder.glob(".saving*"))


def test_saving_again_gives_the_same_bytes(learnt: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    tokenizer.save(learnt, tmp_path / "one")
    tokenizer.save(tokenizer.load(tmp_path / "one"), tmp_path / "two")
    assert (tmp_path / "one/tokenizer.json").read_bytes() == (tmp_path / "two/tokenizer.json").read_bytes()


@pytest.mark.parametrize("folder", ["", "missing"])
def test_folder_without_tokenizer(tmp_path: Path, folder: str) -> None:
    with pytest.raises(UserError, match=r"there is no tokenizer\.json"):
        tokenizer.load(tmp_path / folder)


def test_what_a_killed_job_leaves_of_a_tokenizer_is_removed(
    learnt: PreTrainedTokenizerFast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copied(folder: str) -> None:
        shutil.copytree(folder, tmp_path / "left" / Path(folder).name)

    monkeypatch.setattr(learnt, "save_pretrained", copied)
    tokenizer.save(learnt, tmp_path / "tokenizer")
    assert list((tmp_path / "left").iterdir())
    remove_leftovers(tmp_path / "left" / "tokenizer.json")
    assert not list((tmp_path / "left").iterdir())


_COUNT_THREADS = """
import sys
from pathlib import Path
import psutil
from xstilts.data import tokenizer
tokenizer.use_threads(int(sys.argv[2]))
loaded = tokenizer.load(Path(sys.argv[1]))
before = psutil.Process().num_threads()
ids = loaded([f"the old stone pier {number}" for number in range(3000)])["input_ids"]
print(psutil.Process().num_threads() - before, hash(str(ids)))
"""


def test_texts_are_encoded_by_so_many_threads(learnt: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    tokenizer.save(learnt, tmp_path)
    counted = {}
    for threads in (1, 3):
        command = [sys.executable, "-c", _COUNT_THREADS, str(tmp_path), str(threads)]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        output = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
        counted[threads] = output.split()
    assert [int(counted[threads][0]) for threads in (1, 3)] == [0, 3]
    assert counted[1][1] == counted[3][1]
