"""The encoder's inputs in encoded rows and batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from xstilts.task_types.base import Batch, EncodedRow, SpecialTokens

#: Names what a batch has where none of its rows is padded.
UNPADDED = "unpadded"

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def pad(sequences: Sequence[Sequence[int]], value: int, length: int | None = None) -> torch.Tensor:
    """Pad sequences with ``value`` on the right, to ``length`` or the longest; returns (sequences, length) int64."""
    import torch

    return torch.from_numpy(_padded(sequences, value, _present(sequences, length)))


def _present(sequences: Sequence[Sequence[int]], length: int | None = None) -> np.ndarray:
    """(sequences, length) bool: where a padded sequence has a value of its own."""
    lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
    return np.arange(length or lengths.max()) < lengths[:, None]


def _padded(sequences: Sequence[Sequence[int]], value: int, present: np.ndarray) -> np.ndarray:
    padded = np.full(present.shape, value, dtype=np.int64)
    padded[present] = np.concatenate(sequences)
    return padded


def inputs_of(encoded: Mapping[str, Any]) -> dict[str, pa.Array]:
    """Return the encoder's inputs in a tokenizer's output as columns of encoded rows.

    The attention mask is not stored: it follows from the lengths.
    """
    names = [name for name in ("input_ids", "token_type_ids") if name in encoded]
    return {name: pa.array(encoded[name], pa.list_(pa.int32())) for name in names}


def end_to_end(sequences: pa.ListArray, counts: Sequence[int]) -> pa.ListArray:
    """Join the tokens of texts to one row each: of the first ``counts[0]`` texts, the next ``counts[1]``, and so on."""
    of_texts = sequences.offsets.to_numpy()
    of_rows = of_texts[offsets_of(counts).to_numpy()]
    return pa.ListArray.from_arrays(pa.array(of_rows, pa.int32()), sequences.values)


def offsets_of(counts: Sequence[int]) -> pa.Array:
    """Return where lists of these lengths begin and end in a flat array, (lists + 1,) int32."""
    return pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())


def single_texts(row: EncodedRow) -> Iterator[EncodedRow]:
    """Split a row whose texts lie end to end, with their lengths in ``lengths``, into one row per text."""
    ends = np.cumsum(row["lengths"])
    names = [name for name in ("input_ids", "token_type_ids") if name in row]
    for start, end in zip(ends - row["lengths"], ends, strict=True):
        yield {name: row[name][start:end] for name in names}


def pad_inputs(rows: Sequence[EncodedRow], tokens: SpecialTokens) -> Batch:
    """Build the encoder's inputs for a batch.

    Returns:
        ``input_ids`` and ``attention_mask``, and ``token_type_ids`` for tokenizers that make them; all int64 of shape
        (batch, length). Where no row is padded, also :data:`UNPADDED`, a scalar.
    """
    import torch

    ids = [row["input_ids"] for row in rows]
    present = _present(ids, tokens.padded_length(max(map(len, ids))))
    batch = {
        "input_ids": torch.from_numpy(_padded(ids, tokens.pad, present)),
        "attention_mask": torch.from_numpy(present.astype(np.int64)),
    }
    if "token_type_ids" in rows[0]:
        batch["token_type_ids"] = torch.from_numpy(_padded([row["token_type_ids"] for row in rows], 0, present))
    if present.all():
        batch[UNPADDED] = torch.tensor(True)
    return batch


def run_encoder(encoder: PreTrainedModel, batch: Batch, **options: Any) -> Any:
    """Run an encoder on the inputs that :func:`pad_inputs` made.

    An encoder is given no attention mask where no row is padded: transformers would look through the mask to find that
    it can be left out, and would wait for the GPU to do so.

    Args:
        encoder: The encoder.
        batch: A batch; other tensors in it are ignored.
        options: Passed on to the encoder, such as ``output_hidden_states``.

    Returns:
        The encoder's output; its ``last_hidden_state`` has the shape (batch, length, hidden).
    """
    names = ["input_ids", *([] if UNPADDED in batch else ["attention_mask"]), "token_type_ids"]
    return encoder(**{name: batch[name] for name in names if name in batch}, **options)
