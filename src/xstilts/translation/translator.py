"""A sequence-to-sequence model of transformers that translates texts from English."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import torch

from xstilts.config.settings import Compute
from xstilts.config.translation import Translation
from xstilts.encoders import capabilities
from xstilts.encoders.weights import weights_file
from xstilts.errors import UserError
from xstilts.tasks.languages import Language
from xstilts.training.device import Device
from xstilts.translation.languages import ENGLISH_TOKENS, is_before_source, token_of

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

#: Why a text has no translation: the model's is empty, or does not end at the longest length; the text is too long.
Failure = Literal["empty", "unfinished", "too_long"]


class Translated(NamedTuple):
    """A text's translation, or why there is none."""

    text: str
    problem: Failure | None = None


@dataclass(frozen=True)
class Translator:
    """A model with its tokenizer, set up for one language.

    Attributes:
        model: On its device, in float32.
        tokenizer: Its tokenizer; special tokens are put around texts here, so that all families are treated alike.
        device: Where it runs.
        batch_tokens: Tokens of the source texts in a batch, padding included.
        before: Ids that stand before a source text: of the language of either side, or none.
        settings: How translations are looked for.
        longest: The most tokens of an input, special ones included; None: any number.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    device: Device
    batch_tokens: int
    before: tuple[int, ...]
    settings: GenerationConfig
    longest: int | None

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        """Translate texts; batches are of texts of like length, and the result is in the order of the texts."""
        encoded = self.tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
        inputs = [[*self.before, *ids, self.tokenizer.eos_token_id] for ids in encoded]
        fits = [row for row, ids in enumerate(inputs) if self.longest is None or len(ids) <= self.longest]
        found = [Translated("", "too_long")] * len(texts)
        for batch in batches([len(inputs[row]) for row in fits], self.batch_tokens):
            rows = [fits[place] for place in batch]
            for row, ids in zip(rows, self._generated([inputs[row] for row in rows]), strict=True):
                found[row] = self._read(ids)
        return found

    def _generated(self, inputs: Sequence[Sequence[int]]) -> list[list[int]]:
        """The ids of the best translation of each input, without the token that generation starts from."""
        length = max(map(len, inputs))
        pad = self.tokenizer.pad_token_id
        ids = torch.tensor([[*row, *[pad] * (length - len(row))] for row in inputs])
        mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in inputs])
        moved = self.device.move({"input_ids": ids, "attention_mask": mask})
        model: Any = self.model
        with torch.inference_mode(), self.device.autocast():
            made = model.generate(**moved, generation_config=self.settings)
        return [row[1:] for row in made.tolist()]

    def _read(self, ids: list[int]) -> Translated:
        if (end := self.tokenizer.eos_token_id) not in ids:
            return Translated("", "unfinished")
        first = self.settings.forced_bos_token_id  # of a language, which not every tokenizer takes for special
        kept = [number for number in ids[: ids.index(end)] if number != first]
        text = str(self.tokenizer.decode(kept, skip_special_tokens=True)).strip()
        return Translated(text) if text else Translated("", "empty")


def load(folder: Path, language: Language, translation: Translation, compute: Compute, device: Device) -> Translator:
    """Load the model in a folder, and set it up for a language.

    Args:
        folder: A transformers folder, with weights as safetensors and a tokenizer.
        language: The language to translate into.
        translation: The study's settings.
        compute: The attention implementation.
        device: Where the model runs.

    Raises:
        UserError: The folder holds no such model, the model lacks the language, or takes no input of that length.
    """
    key = translation.key(language.code)
    model, tokenizer = _model(folder, compute, key), _tokenizer(folder, key)
    code = translation.language_codes.get(language.code)
    of_m2m = getattr(tokenizer, "lang_token_to_id", {})  # which its vocabulary leaves out
    tokens = [*tokenizer.get_vocab(), *tokenizer.all_special_tokens, *of_m2m]
    token = token_of(language, tokens, code, key, alone=language.code in translation.models)
    before, forced = _languages(tokenizer, token)
    device.place(model.eval())
    longest = getattr(model.config, "max_position_embeddings", None)
    settings = _generation(model, translation, forced)
    return Translator(model, tokenizer, device, translation.batch_tokens, before, settings, longest)


def _languages(tokenizer: PreTrainedTokenizerBase, token: str | None) -> tuple[tuple[int, ...], int | None]:
    """The ids that stand before a source text, and the one that begins the translation, given the target's token."""
    if token is None:
        return (), None
    target = _id_of(tokenizer, token)
    if is_before_source(token):
        return (() if target is None else (target,)), None
    found = (_id_of(tokenizer, name) for name in ENGLISH_TOKENS)
    english = next((number for number in found if number is not None), None)
    return (() if english is None else (english,)), target


def _id_of(tokenizer: PreTrainedTokenizerBase, token: str) -> int | None:
    """The id of a token; None where the tokenizer does not have it."""
    number = tokenizer.convert_tokens_to_ids(token)
    return number if isinstance(number, int) and number != tokenizer.unk_token_id else None


def _generation(model: PreTrainedModel, translation: Translation, forced: int | None) -> GenerationConfig:
    """Beam search as the model's own settings have it, with the study's; nothing is drawn at random."""
    settings: GenerationConfig = copy.deepcopy(model.generation_config)
    settings.update(
        num_beams=translation.beams,
        num_return_sequences=1,
        do_sample=False,
        max_length=translation.max_length + 1,  # and the token to start from
        max_new_tokens=None,
        min_length=0,
        forced_bos_token_id=forced,
        forced_eos_token_id=None,  # an end that is forced would hide that a translation is not finished
        return_dict_in_generate=False,
    )
    return settings


def _model(folder: Path, compute: Compute, key: str) -> PreTrainedModel:
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    if not weights_file(folder).is_file():
        raise UserError(f"{key}: {folder} has no model.safetensors; pickled weights can hold code and are not read.")
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        model, loaded = AutoModelForSeq2SeqLM.from_pretrained(
            folder,
            config=config,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            dtype="float32",
            attn_implementation=capabilities.attention(config, compute.attention),
            output_loading_info=True,
        )
    except Exception as error:  # transformers and safetensors raise whatever comes up
        raise UserError(f"{key}: transformers cannot load {folder} as a sequence-to-sequence model: {error}") from error
    if loaded["missing_keys"]:
        lacking = ", ".join(sorted(loaded["missing_keys"])[:3])
        raise UserError(f"{key}: the weights in {folder} are not whole: {lacking}, … are missing. Get them again.")
    return model


def _tokenizer(folder: Path, key: str) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True
        )
    except Exception as error:  # whatever comes up, as of models
        raise UserError(
            f"{key}: transformers cannot load the tokenizer in {folder} ({type(error).__name__}: {error})."
        ) from error
    if tokenizer.eos_token_id is None or tokenizer.pad_token_id is None:
        raise UserError(f"{key}: the tokenizer in {folder} has no token for the end of a text, or none for padding.")
    return tokenizer


def batches(lengths: Sequence[int], most_tokens: int) -> Iterator[list[int]]:
    """Group rows of like length, the longest first, so that memory runs out at once if at all.

    Args:
        lengths: Tokens of each row.
        most_tokens: Rows times the longest of them, in each batch; one row can have more.

    Yields:
        Indices of rows.
    """
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: (-lengths[row], row)):
        if batch and (len(batch) + 1) * lengths[batch[0]] > most_tokens:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
