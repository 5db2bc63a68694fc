"""The processes that train one encoder together, one on each of several GPUs; with a single process, nothing happens.

Weights, gradients and AdamW's moments are sharded by torch's FSDP2: each process keeps its part of every tensor, and a
layer's weights are whole only while it computes. The processes form torch's default group; the first one reads and
writes the run's files. Functions that are marked as collective have to be called by all processes, in the same order.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from xstilts.encoders import capabilities

if TYPE_CHECKING:
    from transformers import PreTrainedModel

T = TypeVar("T")

logger = logging.getLogger(__name__)


@contextmanager
def joined(meeting: Path, number: int, of: int) -> Iterator[None]:
    """Have this process be one of several while the block runs; each that is on a GPU has the one of its number.

    Args:
        meeting: A file that is not there yet, the same for all processes.
        number: Of this process, from 0.
        of: The number of processes.
    """
    gpus = torch.cuda.is_available()
    if gpus:
        torch.cuda.set_device(number)
    # Others wait while the first one reads or writes a checkpoint; that it has ended, whoever started them has to see.
    limit, store = timedelta(days=1), dist.FileStore(str(meeting), of)
    backend = "cpu:gloo,cuda:nccl" if gpus else "gloo"
    dist.init_process_group(backend, rank=number, world_size=of, store=store, timeout=limit)
    yield
    dist.destroy_process_group()  # after an error it could wait for processes that are gone


def count() -> int:
    """The number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def is_first() -> bool:
    """Whether this process is the one that reads and writes the run's files."""
    return rank() == 0


def shard(encoder: PreTrainedModel, heads: nn.ModuleDict, device: str, precision: torch.dtype) -> None:
    """Shard the weights of encoder and heads in place, which moves them to the device. Collective.

    All processes start with the same weights. What is outside of the transformer layers is gathered at the beginning
    of the encoder's forward pass and stays whole until its gradients are there, so that a head can read the embeddings.

    Args:
        encoder: Each of its layers is gathered as a whole.
        heads: Each of them is gathered as a whole.
        device: 'cpu' or 'cuda'.
        precision: What weights are gathered in. Each process keeps its part of them, and of the gradients, in float32.
            Autocast would leave a copy of every layer, cast, until its gradients are there.
    """
    if count() == 1:
        return
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    # Where a head returns a view, FSDP2 warns that nobody may change it in place, which nobody does.
    warnings.filterwarnings("ignore", "FSDP2-wrapped module .* returned a view", UserWarning)
    mesh, layers = init_device_mesh(device, (count(),)), list(_layers(encoder, capabilities.layers(encoder.config)))
    if not layers:
        family = capabilities.model_class(encoder.config).__name__
        logger.warning("gpus: %s has no list of its layers, so all of its weights are whole while it computes", family)
    policy = MixedPrecisionPolicy(param_dtype=precision, reduce_dtype=torch.float32, cast_forward_inputs=False)
    for module in (*layers, encoder, *heads.values()):
        fully_shard(module, mesh=mesh, mp_policy=policy)


def _layers(module: nn.Module, wanted: int) -> Iterator[nn.Module]:
    """The transformer layers: the modules of the outermost lists that are as long as wanted."""
    for child in module.children():
        if isinstance(child, nn.ModuleList) and len(child) == wanted:
            yield from child
        else:
            yield from _layers(child, wanted)


def inference() -> AbstractContextManager[Any]:
    """No gradients inside the block, and where no weights are sharded, PyTorch's inference mode.

    FSDP2 gathers weights into tensors that it uses again in training, which those of inference mode cannot be.
    """
    return torch.inference_mode() if count() == 1 else torch.no_grad()


def vary(seed: int, step: int) -> None:
    """Have each process draw other dropout masks in a step; the first one draws what a single process would.

    Args:
        seed: The run's seed.
        step: The step's number: a resumed run draws the same.
    """
    if not is_first():
        torch.manual_seed(int(np.random.SeedSequence([seed, step, rank()]).generate_state(1)[0]))


def mine(items: Sequence[T]) -> Sequence[T]:
    """This process's share of some items: every n-th of them."""
    return items if count() == 1 else items[rank() :: count()]


def turns(items: Iterator[T]) -> Iterator[tuple[T, bool]]:
    """Yield this process's item of each turn, and whether it is its own: all processes have to compute equally often.

    In the last turn, those for which there is none get another's.
    """
    while turn := list(islice(items, count())):
        yield turn[min(rank(), len(turn) - 1)], rank() < len(turn)


def summed(value: torch.Tensor) -> torch.Tensor:
    """The sum of all processes' tensors. Collective."""
    if count() == 1:
        return value
    total = value.detach().clone()
    dist.all_reduce(total)
    return total


def shared(value: T) -> T:
    """What the first process has. Collective."""
    if count() == 1:
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def gathered(value: T) -> list[T]:
    """What each process has, in their order. Collective."""
    if count() == 1:
        return [value]
    found: list[Any] = [None] * count()
    dist.all_gather_object(found, value)
    return found


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """A copy of a tensor in the first process's main memory; an empty one in place of it in the others. Collective."""
    value = tensor.detach()
    gather = getattr(value, "full_tensor", None)  # of a sharded tensor
    value = gather() if gather else value
    return value.to("cpu", copy=True).contiguous() if is_first() else torch.empty(0)


def spread(value: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """The first process's tensor on all processes, sharded if another one is. Collective.

    Args:
        value: What :func:`whole` returned.
        like: A tensor of the same shape, which says where the result goes.
    """
    if count() == 1:
        return value
    from torch.distributed.tensor import DTensor, distribute_tensor

    local = like.to_local() if isinstance(like, DTensor) else like
    result = torch.empty(like.shape, dtype=like.dtype, device=local.device)
    if is_first():
        result.copy_(value)
    dist.broadcast(result, src=0)
    if not isinstance(like, DTensor):
        return result
    return distribute_tensor(result, like.device_mesh, like.placements, src_data_rank=None)


def on_cpu(encoder: PreTrainedModel) -> PreTrainedModel:
    """The encoder whole in the first process's main memory, to be written; in others, not to be used. Collective."""
    from torch.distributed.fsdp import FSDPModule

    if not isinstance(encoder, FSDPModule):
        return encoder.cpu()
    weights = {name: whole(value) for name, value in encoder.state_dict().items()}
    if not is_first():
        return encoder
    family = capabilities.model_class(encoder.config)
    with torch.device("meta"):  # without drawing weights that are replaced
        copy: PreTrainedModel = family._from_config(encoder.config)
    copy.load_state_dict(weights, assign=True)
    copy.tie_weights()  # so that weights with two names are written once
    return copy
