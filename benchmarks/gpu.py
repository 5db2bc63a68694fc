"""Measure what needs a GPU, in under eight minutes: training, embedding, mining, memory, and jobs that share the card.

    python benchmarks/gpu.py
    python benchmarks/gpu.py --compile     # training alone, with and without compute.compile
    python benchmarks/gpu.py --reduced     # a tiny encoder, also on a CPU

The encoder has XLM-R Large's shape and random weights, the lengths of inputs are those of MNLI's pairs. Training is
compared with transformers' Trainer at its best and as a script that pads every row to 128 tokens, all in bfloat16 where
the GPU has it. Times are of the wall clock, since a GPU works beside the CPU; run nothing else meanwhile. The share of
time in which no kernel runs is what launching kernels costs. With ``--compile`` the steps of a first epoch, in which
every length is compiled, are left out, and how long all steps take is printed: much longer than eight minutes, perhaps.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import measuring
import torch
import transformers
from gpu_training import BATCH, TINY, Size, our_training, special_tokens, their_training, write_pairs
from torch.profiler import ProfilerActivity, profile
from transformers import XLMRobertaModel

from xstilts.config.settings import Compute, Embedding
from xstilts.data.encoding import EncodedRows
from xstilts.retrieval.embedding import embed
from xstilts.retrieval.mining import mine
from xstilts.runtime import mps
from xstilts.runtime.gpus import visible_gpus
from xstilts.training.batches import batches_per_epoch
from xstilts.training.device import Device


def idle_share(rows: EncodedRows, size: Size, device: Device) -> float | None:
    """The share of the time of training in which no kernel runs; None on a CPU."""
    if device.kind == "cpu":
        return None
    spans: list[tuple[float, float]] = []
    recorder = profile(activities=[ProfilerActivity.CUDA])
    our_training(rows, size, device, ready=recorder.start)
    recorder.stop()
    for event in recorder.events():
        if event.device_type == torch.autograd.DeviceType.CUDA:
            spans.append((event.time_range.start, event.time_range.end))
    return round(1 - busy(spans), 3)


def busy(spans: list[tuple[float, float]]) -> float:
    """The share of the time from the first beginning to the last end that some span covers."""
    covered, end = 0.0, min(start for start, _ in spans)
    first = end
    for start, stop in sorted(spans):
        covered += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return covered / (end - first)


def embedding_and_mining(rows: EncodedRows, size: Size, device: Device) -> dict[str, float]:
    """Sentences embedded per second, and seconds to mine pairs among random embeddings."""
    encoder = XLMRobertaModel(size.config)
    device.place(encoder)
    layer = round(14 / 24 * size.layers)
    found: dict[str, float] = {}
    with device.autocast():
        embed(encoder, rows, special_tokens(size), Embedding(layer=layer))
        began = time.perf_counter()
        embed(encoder, rows, special_tokens(size), Embedding(layer=layer))
    found["embedded per second"] = round(len(rows) / (time.perf_counter() - began))
    sides = torch.nn.functional.normalize(torch.randn(2, size.mined, size.width), dim=-1)
    began = time.perf_counter()
    mine(sides[0], sides[1], 4, device.kind)
    found["mining seconds"] = round(time.perf_counter() - began, 2)
    return found


def compiling(rows: EncodedRows, size: Size, device: Device) -> dict[str, dict[str, float]]:
    """Training with and without a compiled encoder, after an epoch in which all lengths have come."""
    after_an_epoch = replace(size, unmeasured=batches_per_epoch(len(rows), BATCH))
    found: dict[str, dict[str, float]] = {}
    compiler = "inductor" if device.kind == "cuda" else "aot_eager"
    for name, chosen in ((measuring.OURS, device), ("compiled", replace(device, compiler=compiler))):
        began = time.perf_counter()
        found[name] = our_training(rows, after_an_epoch, chosen)
        found[name]["seconds in all"] = round(time.perf_counter() - began, 1)
    return found


@contextmanager
def clients_of_mps(device: Device) -> Iterator[dict[str, str]]:
    """The environment of jobs that share the card by MPS inside the block; empty where that does not work."""
    gpus = visible_gpus() if device.kind == "cuda" else []
    with tempfile.TemporaryDirectory(prefix="mps") as folder:
        variables = mps.environment(gpus[0], Path(folder)) if gpus else {}
        yield variables
        if variables:  # the daemon ends with its folder
            subprocess.run([mps.PROGRAM], input="quit\n", text=True, env={**os.environ, **variables}, check=False)


def sharing(jobs: int, options: list[str], variables: Mapping[str, str]) -> float:
    """Steps per second of so many processes together that train on the card at the same time."""
    command, environment = [sys.executable, __file__, "--child", *options], {**os.environ, **variables}
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(jobs)
    ]
    for child in children:
        assert child.stdout is not None and child.stdout.readline() == "ready\n", "a job has failed"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    answers = [child.communicate()[0] for child in children]
    return round(sum(1000 / float(json.loads(answer)["ms per step"]) for answer in answers), 2)


def _wait_for_the_others() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reduced", action="store_true", help="a tiny encoder")
    parser.add_argument("--compile", action="store_true", help="measure training with and without compute.compile")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    size, device = TINY if arguments.reduced else Size(), Device.choose(Compute(), threads=1)
    if device.kind == "cpu" and not arguments.reduced:
        parser.error("there is no GPU; --reduced runs on a CPU")
    transformers.logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as folder:
        rows = write_pairs(Path(folder) / "train.en.arrow", size)
        if arguments.child:
            print(json.dumps(our_training(rows, size, device, ready=_wait_for_the_others)))
            return
        if arguments.compile:
            print(json.dumps({"benchmark": "gpu, compiled", "training": compiling(rows, size, device)}, indent=2))
            return
        print(json.dumps(_measured(rows, size, device, ["--reduced"] if arguments.reduced else []), indent=2))


def _measured(rows: EncodedRows, size: Size, device: Device, options: list[str]) -> dict[str, Any]:
    began = time.perf_counter()
    training = {
        measuring.OURS: our_training(rows, size, device),
        "Trainer": their_training(rows, size, device, padded=False),
        "Trainer, padded": their_training(rows, size, device, padded=True),
    }
    ours = training[measuring.OURS]["ms per step"]
    with clients_of_mps(device) as clients:
        by_mps = {jobs: sharing(jobs, options, clients) for jobs in range(2, size.jobs + 1)} if clients else None
    return {
        "benchmark": "gpu",
        "ratios": {name: round(one["ms per step"] / ours, 2) for name, one in training.items()},
        "training": training,
        "idle share": idle_share(rows, size, device),
        **embedding_and_mining(rows, size, device),
        "steps per second of jobs together": {jobs: sharing(jobs, options, {}) for jobs in range(1, size.jobs + 1)},
        "by MPS": by_mps,
        "device": device.describe(),
        "processor": measuring.processor(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "seconds in all": round(time.perf_counter() - began),
    }


if __name__ == "__main__":
    main()
