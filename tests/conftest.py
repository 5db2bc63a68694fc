"""What the tests share: where real data lies, and a small tokenizer of XLM-R's kind, trained on the spot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sentences import TEXT

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

#: Slices of the real datasets, in the layout of ``xstilts.sources.layout``; beside the checkout unless told otherwise.
SLICES = Path(os.environ.get("XSTILTS_SLICES", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def slices() -> Path:
    """The folder with slices of the real datasets; tests that need them are skipped where it is absent."""
    if not (SLICES / "xtreme").is_dir():
        pytest.skip(f"no slices of the real datasets at {SLICES}; set XSTILTS_SLICES to a folder that has them")
    return SLICES


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """Byte-pair pieces with word marks; zero-width characters are normalised away, so some words have no pieces."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    backend = Tokenizer(models.BPE(unk_token="<unk>"))
    backend.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex("[\u200b-\u200d\ufeff]"), "")]
    )
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    backend.train_from_iterator(TEXT, trainer)
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", backend.token_to_id("<s>")), ("</s>", backend.token_to_id("</s>"))],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token="<mask>",
        model_max_length=512,
        model_input_names=["input_ids", "attention_mask"],
    )
