"""What a job costs: operations, seconds and memory, from its work and the encoder's shape.

Sources: operations per token after Kaplan et al. 2020 (arXiv 2001.08361), section 2.1, with attention over the whole
input; activations after Korthikanti et al. 2022 (arXiv 2205.05198), section 4.1. docs/plan.md explains the constants.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from xstilts.config.settings import LoRA
from xstilts.encoders.adapters import ATTENTION
from xstilts.encoders.config_file import HIDDEN_SIZE, LAYERS
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.planning.gpus import DeviceSpec
from xstilts.planning.sizes import NO_DATA, Basis, DataSize, weakest

WEIGHT_BYTES = 4  # per parameter, of an encoder in memory or on disk
CHECKPOINT_BYTES = 16  # per parameter that trains: weights, AdamW's moments, best weights
_TRAINING_BYTES = 12  # per parameter that trains, in memory: gradient and AdamW's two moments
_UPDATE_BYTES = 40  # per parameter that trains, which clipping and AdamW move through memory in a step
CUDA_BYTES = 1.5e9  # of a GPU: CUDA, its libraries, gaps between tensors
_PROCESS, CUDA_PROCESS = 0.6e9, 3e9  # main memory of a process with torch and transformers, without and with CUDA

_STARTUP, _CPU_STARTUP = 10.0, 3.0  # seconds until a job has loaded its libraries
_LOADING = 1e9  # bytes of weights read per second
LAUNCH = 0.6e-3  # seconds per layer that a forward pass takes at least, as kernels are started one by one
_PER_INPUT = 0.2e-3  # seconds of Python per input that is read: collating, decoding, scoring
EMBEDDED_TOKENS = 16_384  # in a batch of embed(), which keeps all hidden states


@dataclass(frozen=True)
class EncoderShape:
    """The shape of a transformer encoder like BERT."""

    vocabulary: int
    hidden: int
    layers: int
    feed_forward: int
    heads: int
    positions: int
    token_types: int = 1

    @property
    def layer_parameters(self) -> int:
        """Parameters of all layers: attention, feed-forward part, biases and two layer norms each."""
        h, f = self.hidden, self.feed_forward
        return self.layers * (4 * (h * h + h) + (h * f + f) + (f * h + h) + 2 * 2 * h)

    @property
    def parameters(self) -> int:
        """All parameters: embeddings with their layer norm, layers, pooler."""
        h = self.hidden
        embeddings = (self.vocabulary + self.positions + self.token_types) * h + 2 * h
        return embeddings + self.layer_parameters + h * h + h

    def trainable(self, lora: LoRA | None) -> int:
        """Parameters that train: all, or those of an adapter and the pooler.

        An adapter counts as one for all linear maps, unless it is for attention alone.
        """
        if lora is None:
            return self.parameters
        h, attention = self.hidden, 4 * 2 * self.hidden
        widths = attention if lora.modules == [ATTENTION] else attention + 2 * (h + self.feed_forward)
        return self.layers * lora.rank * widths + h * h + h


#: By the last part of their name on the Hub, from the config.json there.
KNOWN: dict[str, EncoderShape] = {
    "xlm-roberta-base": EncoderShape(250_002, 768, 12, 3072, 12, 514),
    "xlm-roberta-large": EncoderShape(250_002, 1024, 24, 4096, 16, 514),
    "xlm-roberta-xl": EncoderShape(250_880, 2560, 36, 10_240, 32, 514),
    "mdeberta-v3-base": EncoderShape(251_000, 768, 12, 3072, 12, 512, 0),
    "bert-base-multilingual-cased": EncoderShape(119_547, 768, 12, 3072, 12, 512, 2),
    "bert-base-multilingual-uncased": EncoderShape(105_879, 768, 12, 3072, 12, 512, 2),
}
#: The keys of config.json for the fields of EncoderShape: BERT's, and what DistilBERT and T5 call them.
_CONFIG_KEYS = (
    ("vocab_size",), HIDDEN_SIZE, LAYERS,
    ("intermediate_size", "hidden_dim", "d_ff"), ("num_attention_heads", "n_heads", "num_heads"),
    ("max_position_embeddings",), ("type_vocab_size",),
)  # fmt: skip


def shape_of(runs: Runs, model: str) -> EncoderShape:
    """Return the shape of a study's model: its architecture, its folder's config.json, or that of a known name.

    Raises:
        UserError: None of these gives it.
    """
    chosen, config = runs.study.models[model], runs.ready_made(model) / "config.json"
    if chosen.continues:
        return shape_of(runs, chosen.continues.parent)
    if own := chosen.architecture:
        positions = own.max_length + 2  # RoBERTa's start after the padding id
        return EncoderShape(
            own.vocabulary_size, own.hidden_size, own.layers, own.feed_forward_size, own.heads, positions
        )
    name = (chosen.snapshot.repository if chosen.snapshot else Path(str(chosen.path)).name).rsplit("/", 1)[-1]
    if not config.is_file() and name in KNOWN:
        return KNOWN[name]
    try:
        values = json.loads(config.read_bytes())
        values.setdefault("type_vocab_size", 0)
        if "relative_attention_num_buckets" in values:  # T5 has no matrix of positions
            values.setdefault("max_position_embeddings", 0)
        return EncoderShape(*(int(values[_key_of(values, names)]) for names in _CONFIG_KEYS))
    except FileNotFoundError:
        advice = "Run 'snakemake prefetch' first" if chosen.snapshot else "Put the encoder there first"
        raise UserError(
            f"models.{model}: {config} is not there, and '{name}' is not one of the encoders whose shape is known by "
            f"name: {', '.join(KNOWN)}. {advice}."
        ) from None
    except KeyError as missing:
        raise UserError(f"{config}: has no {missing}, without which the encoder's size is not known.") from None
    except (ValueError, TypeError, AttributeError):
        raise UserError(f"{config}: not the config of a transformers encoder.") from None


def _key_of(values: Mapping[str, object], names: Sequence[str]) -> str:
    """The first name that a config has; the usual one, for the message, where it has none."""
    return next((name for name in names if name in values), names[0])


@dataclass(frozen=True)
class Work:
    """What one job does."""

    steps: int = 0
    micro_batches: int = 0  # over all steps
    trained: DataSize = NO_DATA  # forward and backward
    read: DataSize = NO_DATA  # forward alone: evaluations while training, and scoring
    read_batches: float = 0.0
    masked: float = 0.0  # tokens that masked language modelling predicts
    micro_tokens: int = 0  # of the largest micro-batch, padding included
    embedded: float = 0.0  # sentences whose embeddings are in memory at a time
    compared: float = 0.0  # pairs of embeddings
    predictions: float = 0.0  # that are kept on disk
    lora: LoRA | None = None  # what trains in place of all weights
    recomputed: bool = False  # whether the backward pass computes the states of layers again
    gpus: int = 1  # that share all of it

    def __add__(self, then: Work) -> Work:
        """Return the work of one training and then another of the same encoder."""
        return Work(
            steps=self.steps + then.steps,
            micro_batches=self.micro_batches + then.micro_batches,
            trained=self.trained + then.trained,
            read=self.read + then.read,
            read_batches=self.read_batches + then.read_batches,
            masked=self.masked + then.masked,
            micro_tokens=max(self.micro_tokens, then.micro_tokens),
            embedded=max(self.embedded, then.embedded),
            compared=self.compared + then.compared,
            predictions=self.predictions + then.predictions,
            lora=then.lora,
            recomputed=self.recomputed or then.recomputed,
            gpus=max(self.gpus, then.gpus),
        )

    @property
    def basis(self) -> Basis:
        """What the sizes rest on."""
        return weakest([self.trained.basis, self.read.basis])


def forward_flops(shape: EncoderShape, data: DataSize) -> float:
    """Return 2 operations per weight of the layers and token, and 4 x layers x hidden x mean length for attention."""
    length = data.tokens / data.inputs if data.inputs else 0.0
    return data.tokens * (2 * shape.layer_parameters + 4 * shape.layers * shape.hidden * length)


def training_flops(shape: EncoderShape, work: Work) -> float:
    """Return the operations of training: forward passes, and the output layer over the vocabulary for masked tokens."""
    output = 6 * work.masked * (shape.vocabulary * shape.hidden + shape.hidden**2)
    return _passes(work) * forward_flops(shape, work.trained) + output


def _passes(work: Work) -> int:
    """How many forward passes a step costs: one, as much for gradients of states, as much for those of weights."""
    return 2 + (work.lora is None) + work.recomputed


def seconds(shape: EncoderShape, work: Work, device: DeviceSpec, precision: str) -> float:
    """Return the seconds of a job.

    Passes are bound by their operations or, with short batches, by the starting of kernels. Several GPUs are assumed to
    divide operations evenly and to wait for nothing; each starts all kernels.
    """
    speed, launch = device.flops(precision), LAUNCH * shape.layers
    starting = (_CPU_STARTUP if device.is_cpu else _STARTUP) + WEIGHT_BYTES * shape.parameters / _LOADING
    speed *= work.gpus
    training = max(training_flops(shape, work) / speed, _passes(work) * launch * work.micro_batches)
    updating = work.steps * _UPDATE_BYTES * shape.trainable(work.lora) / (device.bandwidth * 1e9 * work.gpus)
    batches = work.read_batches / work.gpus
    reading = max(forward_flops(shape, work.read) / speed, launch * batches) + _PER_INPUT * work.read.inputs
    comparing = 2 * shape.hidden * work.compared / device.flops("float32")
    return starting + training + updating + reading + comparing


class Memory(NamedTuple):
    """The most bytes that a job holds at a time."""

    gpu: float
    main: float


def memory(shape: EncoderShape, work: Work, device: DeviceSpec, precision: str, attention: str) -> Memory:
    """Return the bytes that a job needs on the GPU and in main memory; on a CPU, all of it is main memory.

    In main memory are the best weights, while a checkpoint is written copies of weights and moments, and embeddings. Of
    several GPUs each has its part; embeddings, with their gradients, and one layer are whole on each. Each of their
    processes begins with the whole encoder in main memory.
    """
    trainable = shape.trainable(work.lora) if work.steps else 0
    held: float = (WEIGHT_BYTES * shape.parameters + _TRAINING_BYTES * trainable) / work.gpus
    layer = shape.layer_parameters / shape.layers
    whole = shape.parameters if work.gpus == 1 else shape.parameters - shape.layer_parameters + layer
    held += 2 * whole * (precision == "bfloat16")  # autocast keeps the cast weights during a pass
    held += 2 * WEIGHT_BYTES * whole * (work.gpus > 1)
    held += activations(shape, work.micro_tokens / work.gpus, precision, attention, work.recomputed)
    if work.embedded:
        held += WEIGHT_BYTES * EMBEDDED_TOKENS * ((shape.layers + 6) * shape.hidden + 2 * shape.feed_forward)
    host = 2 * WEIGHT_BYTES * work.embedded * shape.hidden + CHECKPOINT_BYTES * trainable
    if device.is_cpu:
        return Memory(0.0, work.gpus * (_PROCESS + held) + host)
    read = work.gpus * WEIGHT_BYTES * shape.parameters
    return Memory(held + CUDA_BYTES, work.gpus * CUDA_PROCESS + max(host, read))


def activations(shape: EncoderShape, tokens: float, precision: str, attention: str, recomputed: bool = False) -> float:
    """Return the bytes that a forward pass keeps for the backward pass.

    In 16 bits, 34 per token and hidden unit of each layer where the feed-forward part is 4 times as wide; twice that in
    float32. Eager attention also keeps its matrices, 5 bytes per head and pair of tokens, here of inputs of 512 tokens
    at most. With gradient checkpointing, what goes into each layer, in float32, and all that one layer keeps.
    """
    per_token: float = 18 * shape.hidden + 4 * shape.feed_forward
    if attention == "eager":
        per_token += 5 * shape.heads * min(tokens, 512)
    of_layer = tokens * per_token * (1 if precision == "bfloat16" else 2)
    if recomputed:
        return shape.layers * tokens * WEIGHT_BYTES * shape.hidden + of_layer
    return shape.layers * of_layer
