"""Tags stay with their words in tokenisation, truncation and splitting; scores."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pyarrow as pa
import pytest
import tiny_encoders
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers.processors import TemplateProcessing
from transformers import XLMRobertaConfig, XLMRobertaModel

from xstilts.config.settings import Encoding
from xstilts.errors import UserError
from xstilts.task_types import task_type_of
from xstilts.task_types.base import IGNORED, SpecialTokens
from xstilts.task_types.tag_windows import word_windows
from xstilts.task_types.tagging import Tagging
from xstilts.tasks.registry import TASKS

UDPOS, PANX, CCG = TASKS["udpos"], TASKS["panx"], TASKS["ccg"]
WORDS = [
    "The",
    "weaver",
    "sold",
    "\u200b",
    "",
    "\ufeff\u200d",
    "forty",
    "Gesellschaft",
    "橋",
    "١",
    "x" * 40,
    "<mask>",
    "a b",
]
sentences = st.lists(
    st.lists(
        st.tuples(st.sampled_from(WORDS) | st.text(max_size=8), st.sampled_from(UDPOS.labels)), min_size=1, max_size=30
    ),
    min_size=1,
    max_size=4,
)


def encoding_of(max_length: int, long_sentences: str = "split") -> Encoding:
    """Encoding settings, also for fewer tokens than a study may set: so short sentences are split."""
    return Encoding(long_sentences=long_sentences).model_copy(update={"max_length": max_length})


def table(*tagged: list[tuple[str, str]]) -> pa.Table:
    rows = [
        {"id": str(row), "tokens": [word for word, _ in sentence], "tags": [tag for _, tag in sentence]}
        for row, sentence in enumerate(tagged)
    ]
    return pa.Table.from_pylist(rows, Tagging.schema)


def as_rows(encoded: pa.Table) -> list[dict]:
    return [
        {name: np.array(value) if isinstance(value, list) else value for name, value in row.items()}
        for row in encoded.to_pylist()
    ]


def encoder(tokenizer, length: int = 64) -> XLMRobertaModel:
    torch.manual_seed(0)
    return XLMRobertaModel(
        XLMRobertaConfig(
            vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=64, max_position_embeddings=length + 2, pad_token_id=1,
        )
    )  # fmt: skip


@settings(deadline=None)
@given(tagged=sentences, max_length=st.integers(4, 60), first=st.integers(0, 5))
def test_every_word_keeps_its_tag(tokenizer, tagged, max_length, first):
    examples = table(*tagged)
    tagging = task_type_of(UDPOS, encoding_of(max_length))
    encoded = tagging.encode(examples, tokenizer, first)
    assert {row["example"] for row in encoded.to_pylist()} == set(range(first, first + len(tagged)))

    rows = [{**row, "example": row["example"] - first} for row in as_rows(encoded)]
    assert all(len(row["input_ids"]) <= max_length for row in rows)
    shuffled = rows[::-1]
    predictions = tagging.decode([row["label_ids"] for row in shuffled], shuffled, examples)
    assert predictions == [" ".join(tag for _, tag in sentence) for sentence in tagged]


@settings(deadline=None)
@given(tagged=sentences, max_length=st.integers(4, 60))
def test_labels_stand_on_first_pieces_of_the_right_words(tokenizer, tagged, max_length):
    examples = table(*tagged)
    tagging = task_type_of(UDPOS, encoding_of(max_length))
    rows = as_rows(tagging.encode(examples, tokenizer))
    batch = tagging.collate(rows, SpecialTokens.of(tokenizer))
    assert batch["labels"].shape == batch["input_ids"].shape == batch["attention_mask"].shape

    for index, row in enumerate(rows):
        begins = row["first_tokens"].tolist()
        ends = [*begins[1:], len(row["input_ids"]) - 1]
        words = tagged[row["example"]][row["word_start"] : row["word_start"] + len(begins)]
        for (word, tag), begin, end in zip(words, begins, ends, strict=True):
            alone = tokenizer(word, add_special_tokens=False)["input_ids"]
            expected = alone if 0 < len(alone) <= max_length - 3 else [tokenizer.unk_token_id]
            assert row["input_ids"][begin:end].tolist() == expected
            assert batch["labels"][index, begin] == UDPOS.labels.index(tag)
        assert (batch["labels"][index] != IGNORED).sum() == len(words)

    perfect = torch.nn.functional.one_hot(batch["labels"].clamp(min=0), len(UDPOS.labels)).float()
    outputs = tagging.outputs(perfect, batch)
    assert all(np.array_equal(label_ids, row["label_ids"]) for label_ids, row in zip(outputs, rows, strict=True))


@given(lengths=st.lists(st.integers(1, 7), min_size=1, max_size=40), room=st.integers(7, 20))
def test_windows_are_full_and_cover_the_sentence(lengths, room):
    cuts = list(word_windows(lengths, room))
    assert [word for start, stop in cuts for word in range(start, stop)] == list(range(len(lengths)))
    for start, stop in cuts:
        assert 0 < sum(lengths[start:stop]) <= room
        assert stop == len(lengths) or sum(lengths[start : stop + 1]) > room


def test_a_short_sentence_is_one_window_between_special_tokens(tokenizer):
    tagging = task_type_of(UDPOS, Encoding(max_length=64))
    (row,) = tagging.encode(table([("The", "DET"), ("\u200b", "X"), ("weaver", "NOUN")]), tokenizer).to_pylist()
    the, weaver = tokenizer(["The", "weaver"], add_special_tokens=False)["input_ids"]
    assert row["input_ids"] == [0, *the, 3, *weaver, 2]
    assert row["first_tokens"] == [1, 1 + len(the), 2 + len(the)]
    assert row["label_ids"] == [UDPOS.labels.index(tag) for tag in ("DET", "X", "NOUN")]


@pytest.mark.parametrize(
    ("make", "space"),
    [
        (tiny_encoders.byte_level, " "),
        (tiny_encoders.wordpiece, ""),
        (tiny_encoders.sentencepiece, ""),
        (tiny_encoders.late_offsets, ""),
    ],
)
def test_words_are_tokenised_as_in_a_sentence(make, space):
    pieces, tagging = make(), task_type_of(UDPOS, Encoding(max_length=64))
    words = ["Amsterdam", "lives", "in"]
    (row,) = tagging.encode(table([(word, "NOUN") for word in words]), pieces).to_pylist()
    assert row["input_ids"] == pieces(space + " ".join(words))["input_ids"]
    assert not space or pieces.convert_ids_to_tokens(row["input_ids"][1]) == "ĠAmsterdam"


def test_special_tokens_are_those_of_the_tokenizer():
    """T5's inputs end with one and begin with none."""
    pieces, tagging = tiny_encoders.t5_pieces(), task_type_of(UDPOS, Encoding(max_length=64))
    (row,) = tagging.encode(table([("Anna", "NOUN"), ("lives", "VERB")]), pieces).to_pylist()
    anna, lives = pieces(["Anna", "lives"], add_special_tokens=False)["input_ids"]
    assert row["input_ids"] == [*anna, *lives, pieces.eos_token_id]
    assert row["first_tokens"] == [0, len(anna)]


def test_a_category_that_training_never_saw_has_no_loss(tokenizer):
    tagging = task_type_of(CCG, Encoding(max_length=32), labels=("N", "NP/N"))
    rows = as_rows(tagging.encode(table([("The", "NP/N"), ("weaver", "(S\\NP)/NP")]), tokenizer))
    assert rows[0]["label_ids"].tolist() == [1, IGNORED]
    only_unseen = as_rows(tagging.encode(table([("weaver", "S")]), tokenizer))
    batch = tagging.collate(only_unseen, SpecialTokens.of(tokenizer))
    assert tagging.loss(torch.zeros(*batch["input_ids"].shape, 2), batch) == 0


#: Words of 1, 3, 2, 0 (replaced by 1 unknown token), 1 and 2 sub-tokens.
COUNTED = [
    ("The", "DET"), ("Gesellschaft", "NOUN"), ("weaver", "NOUN"), ("\u200b", "X"), ("sold", "VERB"), ("harbour", "NOUN")
]  # fmt: skip


@pytest.fixture
def bert_like(tokenizer):
    """The same pieces with a single separator between the texts of a pair."""
    other = copy.deepcopy(tokenizer)
    ids = [(token, other.convert_tokens_to_ids(token)) for token in ("<s>", "</s>")]
    other.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=ids
    )
    return other


@pytest.mark.parametrize(
    ("long_sentences", "max_length", "read"),
    [
        # 3 positions are kept free: room for 5 sub-tokens
        ("split", 8, [(0, [1, 2], 4), (2, [1, 3, 4], 4), (5, [1], 2)]),
        # room for 2: the second word is too long for any window
        ("split", 5, [(0, [1, 2], 2), (2, [1], 2), (3, [1, 2], 2), (5, [1], 2)]),
        # 6 sub-tokens are read; words that begin within the first 5 are labelled
        ("truncate", 8, [(0, [1, 2, 5], 6)]),
        # 5 are read; the last begins a word, but lies beyond the first 4
        ("truncate", 7, [(0, [1, 2], 5)]),
        ("truncate", 13, [(0, [1, 2, 5, 7, 8, 9], 10)]),
    ],
)
def test_hand_worked_windows(tokenizer, long_sentences, max_length, read):
    tagging = task_type_of(UDPOS, encoding_of(max_length, long_sentences))
    rows = tagging.encode(table(COUNTED), tokenizer).to_pylist()
    assert [(row["word_start"], row["first_tokens"], len(row["input_ids"]) - 2) for row in rows] == read


@pytest.mark.parametrize(
    ("long_sentences", "max_length", "read"),
    [
        ("split", 8, [(0, [1, 2, 5], 6), (3, [1, 2, 3], 4)]),
        ("truncate", 8, [(0, [1, 2, 5], 6)]),
        ("truncate", 7, [(0, [1, 2, 5], 5)]),
    ],
)
def test_tokenizers_with_one_separator_keep_2_positions_free(bert_like, long_sentences, max_length, read):
    tagging = task_type_of(UDPOS, encoding_of(max_length, long_sentences))
    rows = tagging.encode(table(COUNTED), bert_like).to_pylist()
    assert [(row["word_start"], row["first_tokens"], len(row["input_ids"]) - 2) for row in rows] == read


def test_a_truncated_sentence_is_read_up_to_its_last_sub_token(tokenizer):
    tagging = task_type_of(UDPOS, Encoding(max_length=7, long_sentences="truncate"))
    (row,) = tagging.encode(table(COUNTED), tokenizer).to_pylist()
    pieces = tokenizer(["The", "Gesellschaft", "weaver"], add_special_tokens=False)["input_ids"]
    assert row["input_ids"] == [0, *pieces[0], *pieces[1], pieces[2][0], 2]
    assert row["label_ids"] == [UDPOS.labels.index("DET"), UDPOS.labels.index("NOUN")]


@pytest.mark.parametrize(("task", "tag", "beyond"), [(UDPOS, "DET", "X"), (PANX, "B-LOC", "O")])
def test_words_beyond_a_truncated_sentence_get_jiant_s_last_tag(tokenizer, task, tag, beyond):
    tagging = task_type_of(task, Encoding(max_length=7, long_sentences="truncate"))
    examples = table([(word, tag) for word, _ in COUNTED])
    rows = as_rows(tagging.encode(examples, tokenizer))
    assert tagging.decode([row["label_ids"] for row in rows], rows, examples) == [" ".join([tag] * 2 + [beyond] * 4)]


@settings(deadline=None)
@given(tagged=sentences, max_length=st.integers(4, 60), long_sentences=st.sampled_from(["split", "truncate"]))
def test_no_word_is_left_without_a_tag(tokenizer, tagged, max_length, long_sentences):
    examples = table(*tagged)
    tagging = task_type_of(UDPOS, encoding_of(max_length, long_sentences))
    rows = as_rows(tagging.encode(examples, tokenizer))
    assert all(len(row["input_ids"]) <= max_length for row in rows)
    predictions = tagging.decode([row["label_ids"] for row in rows], rows, examples)
    assert list(Tagging.invalid_predictions(UDPOS, predictions, examples)) == []
    for row in rows:
        start, stop = row["word_start"], row["word_start"] + len(row["label_ids"])
        gold = [tag for _, tag in tagged[row["example"]]][start:stop]
        assert predictions[row["example"]].split()[start:stop] == gold != []


def test_words_of_more_than_100_sub_tokens_are_unknown_where_sentences_are_truncated(tokenizer):
    examples = table([("x" * 150, "X"), ("The", "DET")])
    alone = tokenizer("x" * 150, add_special_tokens=False)["input_ids"]
    assert 100 < len(alone) < 197
    the = tokenizer("The", add_special_tokens=False)["input_ids"]
    for long_sentences, expected in (("split", alone), ("truncate", [3])):
        tagging = task_type_of(UDPOS, Encoding(max_length=200, long_sentences=long_sentences))
        (row,) = tagging.encode(examples, tokenizer).to_pylist()
        assert row["input_ids"] == [0, *expected, *the, 2]


@pytest.mark.parametrize("long_sentences", ["split", "truncate"])
def test_sentences_without_gold_are_read_like_others(tokenizer, long_sentences):
    tagging = task_type_of(UDPOS, Encoding(max_length=8, long_sentences=long_sentences))
    examples = table(COUNTED)
    without = examples.set_column(2, examples.schema.field("tags"), pa.nulls(1, pa.list_(pa.string())))
    assert list(Tagging.problems(UDPOS, without)) == [] and not Tagging.has_gold(without)
    rows, unlabelled = (as_rows(tagging.encode(each, tokenizer)) for each in (examples, without))
    for row, other in zip(rows, unlabelled, strict=True):
        assert other["input_ids"].tolist() == row["input_ids"].tolist()
        assert other["first_tokens"].tolist() == row["first_tokens"].tolist()
        assert other["label_ids"].tolist() == [IGNORED] * len(row["label_ids"])
    outputs = [row["label_ids"] for row in rows]
    assert tagging.decode(outputs, unlabelled, without) == tagging.decode(outputs, rows, examples)


@pytest.mark.parametrize("max_length", [1, 3])
def test_windows_too_small_for_any_word_are_refused(tokenizer, max_length):
    with pytest.raises(UserError, match=f"max_length is {max_length}; tagging needs at least 4"):
        task_type_of(UDPOS, encoding_of(max_length)).encode(table([("The", "DET")]), tokenizer)


def test_problems_name_row_and_remedy():
    examples = table([("The", "DET")], [("The", "DTE"), ("cat", "NOUN")], [])
    ragged = pa.Table.from_pylist([{"id": "r", "tokens": ["a", "b"], "tags": ["X"]}], Tagging.schema)
    problems = list(Tagging.problems(UDPOS, pa.concat_tables([examples, ragged])))
    assert [row for row, _ in problems] == [1, 2, 3]
    assert "tag 'DTE' of word 1 ('The')" in problems[0][1] and "Did you mean 'DET'?" in problems[0][1]
    assert "no words" in problems[1][1]
    assert "2 words but 1 tags" in problems[2][1]


def test_open_tag_sets_only_refuse_what_could_not_be_read_back():
    assert list(Tagging.problems(CCG, table([("sees", "(S\\NP)/NP")]))) == []
    assert [row for row, _ in Tagging.problems(CCG, table([("a", "N N")], [("a", "")]))] == [0, 1]


def test_scores_of_hand_worked_part_of_speech_tags():
    """Runs of equal tags are spans, but in seqeval each tag that begins with S is a span of its own.

    Gold spans: DET, NOUN NOUN, VERB, SCONJ, SCONJ; predicted: DET, NOUN, ADJ, VERB, SCONJ, SCONJ. Four are equal.
    """
    gold = ["DET", "NOUN", "NOUN", "VERB", "SCONJ", "SCONJ"]
    examples = table([(str(word), tag) for word, tag in enumerate(gold)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scored = Tagging.score(UDPOS, "en", ["DET NOUN ADJ VERB SCONJ SCONJ"], examples)
    assert scored.metrics == pytest.approx(
        {"f1": 800 / 11, "f1_whole_tags": 800 / 11, "precision": 400 / 6, "recall": 80, "accuracy": 500 / 6}
    )
    assert scored.example_scores == [pytest.approx(500 / 6)]
    assert scored.gold == [" ".join(gold)]


def test_scores_of_hand_worked_entities():
    """PER is complete, LOC partial, ORG superfluous: of 2 gold and 3 predicted spans 1 is correct."""
    examples = table(
        [("Ada", "B-PER"), ("Lovelace", "I-PER"), ("slept", "O")],
        [("New", "B-LOC"), ("York", "I-LOC"), ("sleeps", "O"), ("too", "O")],
    )
    scored = Tagging.score(PANX, "en", ["B-PER I-PER O", "B-LOC O O B-ORG"], examples)
    assert scored.metrics == pytest.approx({"f1": 40.0, "precision": 100 / 3, "recall": 50.0, "accuracy": 500 / 7})
    assert scored.example_scores == [100.0, 50.0]


def test_predictions_without_any_entity_score_zero_silently():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics = Tagging.score(PANX, "en", ["O"], table([("Ada", "B-PER")])).metrics
    assert metrics == {"f1": 0, "precision": 0, "recall": 0, "accuracy": 0}


def test_ccg_is_scored_by_accuracy_alone():
    scored = Tagging.score(CCG, "en", ["N NP"], table([("a", "N"), ("b", "N")]))
    assert scored.metrics == {"accuracy": 50.0}


def test_loss_is_the_mean_over_words_whatever_the_batch(tokenizer):
    tagging = task_type_of(UDPOS, Encoding(max_length=64))
    sentences = [[("The", "DET"), ("weaver", "NOUN")], [("Gesellschaft", "NOUN"), (",", "PUNCT"), ("橋", "X")]]
    rows = as_rows(tagging.encode(table(*sentences), tokenizer))
    model, tokens = encoder(tokenizer).eval(), SpecialTokens.of(tokenizer)
    head = tagging.head(model.config).eval()

    def loss(*indices: int) -> float:
        batch = tagging.collate([rows[index] for index in indices], tokens)
        return float(tagging.loss(tagging.logits(model, head, batch), batch).detach())

    assert loss(0, 1) == pytest.approx((2 * loss(0) + 3 * loss(1)) / 5, rel=1e-4)


def test_a_small_encoder_learns_tags(tokenizer):
    tagging = task_type_of(UDPOS, Encoding(max_length=16))
    vocabulary = {"The": "DET", "weaver": "NOUN", "sold": "VERB", "forty": "NUM", "twice": "ADV", "and": "CCONJ"}
    generator = np.random.default_rng(0)
    examples = table(*([(str(w), vocabulary[w]) for w in generator.choice(list(vocabulary), 8)] for _ in range(16)))
    rows = as_rows(tagging.encode(examples, tokenizer))
    model = encoder(tokenizer)
    head = tagging.head(model.config)
    batch = tagging.collate(rows, SpecialTokens.of(tokenizer))
    optimiser = torch.optim.AdamW([*model.parameters(), *head.parameters()], lr=3e-3)
    losses = []
    for _ in range(40):
        loss = tagging.loss(tagging.logits(model, head, batch), batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.2 * losses[0]
    model.eval(), head.eval()
    with torch.no_grad():
        outputs = tagging.outputs(tagging.logits(model, head, batch), batch)
    assert Tagging.score(UDPOS, "en", tagging.decode(outputs, rows, examples), examples).metrics["accuracy"] > 90
