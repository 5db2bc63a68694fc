"""What a job's work costs: operations, seconds, memory, disk.

Every constant that nobody has measured for the study at hand is named here and explained in docs/plan.md.

Sources: operations per token after Kaplan et al. 2020 (arXiv 2001.08361), section 2.1, with attention over the whole
input; activations after Korthikanti et al. 2022 (arXiv 2205.05198), section 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from xstilts.planning.gpus import Gpu
from xstilts.planning.shapes import Shape
from xstilts.planning.workload import Load, Work

_STARTING = {True: 3.0, False: 10.0}  # seconds before anything trains, on a CPU and on a GPU: loading and the like
_READING = 1e9  # bytes of weights per second from disk
_LAUNCHING = 0.6e-3  # seconds per layer and batch below which a forward pass does not go, as kernels start one by one
_PREDICTING = 0.2e-3  # seconds of Python per input that is read: collating, decoding, scoring
_STEP_BYTES = 40  # per parameter and step that clipping and AdamW move through memory

_TRAINING_BYTES = 16  # per parameter: weight, gradient and AdamW's two moments, all float32
_WEIGHT_BYTES = 4
_CONTEXT = 1.5e9  # bytes that CUDA and its libraries take of a GPU, and what lies between tensors
_PROCESS = 0.6e9  # bytes of a process with torch and transformers on a CPU
_CUDA_PROCESS = 3e9  # and with CUDA's libraries
_CHECKPOINT_BYTES = 16  # per parameter: weights, AdamW's moments, best weights

_TOKEN_BYTES = {"span_qa": 12, "other": 4}
_EXAMPLE_BYTES = 3  # per token of a canonical file
_PREDICTION_BYTES = 40


def training_flops(shape: Shape, load: Load, masked: float = 0.0) -> float:
    """Forward and backward: 6 per weight of the layers and token, and 12 x layers x hidden x length for attention.

    ``masked`` tokens are also multiplied with the whole vocabulary, and with one square matrix before that.
    """
    head = 6 * masked * (shape.vocabulary * shape.hidden + shape.hidden**2)
    return 3 * forward_flops(shape, load) + head


def forward_flops(shape: Shape, load: Load) -> float:
    """2 per weight of the layers and token, and 4 x layers x hidden x length for attention."""
    return 2 * shape.layer_parameters * load.tokens + 4 * shape.layers * shape.hidden * load.attended


def mining_flops(shape: Shape, work: Work) -> float:
    """A product of embeddings per comparison; always in float32."""
    return 2 * shape.hidden * work.compared


def seconds(shape: Shape, work: Work, gpu: Gpu, precision: str) -> float:
    """How long a job takes: starting, training, reading, comparing.

    Passes are bound by the operations or, for short batches, by the starting of kernels, whichever takes longer.
    """
    speed, launch = gpu.flops(precision), _LAUNCHING * shape.layers
    starting = _STARTING[gpu.is_cpu] + _WEIGHT_BYTES * shape.parameters / _READING
    training = max(training_flops(shape, work.trained, work.masked) / speed, 3 * launch * work.trained.batches)
    updating = work.steps * _STEP_BYTES * shape.parameters / (gpu.bandwidth * 1e9)
    reading = max(forward_flops(shape, work.read) / speed, launch * work.read.batches)
    mining = mining_flops(shape, work) / gpu.flops("float32")
    return starting + training + updating + reading + mining + _PREDICTING * work.read.inputs


@dataclass(frozen=True)
class Memory:
    """The most that a job holds at a time, in bytes."""

    gpu: float
    main: float


def memory(shape: Shape, work: Work, gpu: Gpu, precision: str, attention: str, keeps_best: bool) -> Memory:
    """On a GPU and in main memory; on a CPU, all of it is main memory.

    The best state so far is kept in main memory, and while a checkpoint is written, a copy of weights and moments.
    Encoded data is mapped into memory, not loaded.
    """
    trains, parameters = work.steps > 0, shape.parameters
    weights = parameters * (_TRAINING_BYTES if trains else _WEIGHT_BYTES)
    cast = 2 * parameters if precision == "bfloat16" else 0  # autocast keeps the cast weights during a pass
    kept = activations(shape, work.micro_tokens, precision, attention) if trains else 0.0
    logits = 12 * shape.vocabulary * work.masked * work.micro_tokens / work.trained.tokens if work.masked else 0.0
    passing = _WEIGHT_BYTES * work.batch_tokens * (6 * shape.hidden + 2 * shape.feed_forward)
    if work.embedded:
        passing += _WEIGHT_BYTES * work.batch_tokens * shape.hidden * shape.layers  # all hidden states
    device = weights + cast + max(kept + logits, passing)
    best = _WEIGHT_BYTES * parameters if trains and keeps_best else 0
    saving = 3 * _WEIGHT_BYTES * parameters if trains else 0
    embeddings = 2 * _WEIGHT_BYTES * work.embedded * shape.hidden
    host = best + saving + embeddings
    if gpu.is_cpu:
        return Memory(0.0, _PROCESS + device + host)
    return Memory(with_context(device), _CUDA_PROCESS + max(host, _WEIGHT_BYTES * parameters))


def with_context(allocated: float) -> float:
    """What a GPU job takes in all, of which torch has allocated so many bytes."""
    return allocated + _CONTEXT


def activations(shape: Shape, tokens: int, precision: str, attention: str) -> float:
    """Bytes that a forward pass of so many tokens keeps for the backward pass.

    In 16 bits, 34 per token and hidden unit of each layer where the feed-forward part is 4 times as wide; float32 takes
    twice that. Attention computed eagerly also keeps its matrices, 5 bytes per head and pair of tokens, here of inputs
    of 512 tokens at most; sdpa does not.
    """
    hidden = shape.hidden
    per_token = 18 * hidden + 4 * shape.feed_forward
    if attention == "eager":
        per_token += 5 * shape.heads * min(tokens, 512)
    return shape.layers * tokens * per_token * (1 if precision == "bfloat16" else 2)


def weights_bytes(shape: Shape) -> float:
    """Of an encoder on disk, in float32."""
    return _WEIGHT_BYTES * shape.parameters


def checkpoint_bytes(shape: Shape) -> float:
    """What a job that has not ended keeps on disk; twice this while a new checkpoint takes the place of the last."""
    return _CHECKPOINT_BYTES * shape.parameters


def token_bytes(tokens: float, task_format: str) -> float:
    """Of an encoded file; questions also keep which characters their tokens cover."""
    return tokens * _TOKEN_BYTES.get(task_format, _TOKEN_BYTES["other"])


def example_bytes(tokens: float) -> float:
    """Of a canonical file, which is compressed."""
    return tokens * _EXAMPLE_BYTES


def prediction_bytes(work: Work) -> float:
    """Of the predictions that a job leaves."""
    return work.predictions * _PREDICTION_BYTES


def preparing_seconds(examples: int) -> float:
    """To read and check the examples of a task: about 10,000 a second."""
    return 3 + examples / 10_000


def encoding_seconds(tokens: float) -> float:
    """To encode them on one core: about 200,000 tokens a second."""
    return 5 + tokens / 200_000
