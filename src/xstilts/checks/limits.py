"""What a study asks of ready-made encoders beyond what their folders say they have. Imports no transformers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xstilts.checks import keys
from xstilts.checks.findings import Finding
from xstilts.config.factors import is_hub_name
from xstilts.encoders.config_file import size_of
from xstilts.graph.runs import RETRIEVAL, Runs

PREFETCH = "run 'snakemake prefetch' with the study's --configfile, where there is a network"


def findings(runs: Runs) -> Iterator[Finding]:
    """Iterate over what is wrong with the ready-made models of a study, as far as config.json tells."""
    for model, chosen in runs.study.models.items():
        if chosen.path is None:
            continue
        if at_hand(runs, model):
            size = size_of(runs.ready_made(model))
            yield from beyond(runs, model, size.longest_input, size.layers)
        else:
            yield _missing(model, chosen.path, downloads=chosen.snapshot is not None)


def at_hand(runs: Runs, model: str) -> bool:
    """Whether the folder of a ready-made model is there."""
    return runs.ready_made(model).is_dir()


def texts_for(runs: Runs, model: str) -> tuple[str, ...]:
    """Return the texts that a model, or one that continues it, is trained on."""
    line = [name for name in runs.study.models if model in (name, *runs.ancestors(name))]
    return tuple(dict.fromkeys(text for name in line for text in runs.texts(name)))


def beyond(runs: Runs, model: str, longest_input: int | None, layers: int | None) -> Iterator[Finding]:
    """Iterate over the lengths and layers that a study asks of an encoder and it does not have.

    Args:
        runs: The study's jobs.
        model: The encoder's name in the study.
        longest_input: The most tokens of an input; None: any number, or not known.
        layers: The number of its layers; None: not known.
    """
    study = runs.study
    for task in (*study.tasks(), *texts_for(runs, model)):
        length = study.encoding_of(task).max_length
        if longest_input is not None and length > longest_input:
            yield Finding(
                keys.max_length(study, task),
                f"is {length}, but models.{model} takes inputs of up to {longest_input} tokens. "
                f"Set it to {longest_input} or less.",
            )
    for task in runs.targets_of(RETRIEVAL):
        layer = study.embedding_of(task).layer
        if layers is not None and layer > layers:
            yield Finding(
                keys.embedding(study, task, "layer"),
                f"is {layer}, but models.{model} has {layers} layers. Set it to one of 0 (the embeddings) to {layers}.",
            )


def _missing(model: str, path: str, *, downloads: bool) -> Finding:
    if downloads:
        return Finding(f"models.{model}.path", f"{path} is not downloaded yet: {PREFETCH}.", warning=True)
    remedy = f"Put the encoder there, or correct the path; it is looked for from {Path.cwd()}."
    if is_hub_name(path):
        remedy = (
            "If it is one of the Hugging Face Hub, write hf://namespace/name@commit, with all 40 digits of the commit, "
            "and run 'snakemake prefetch'."
        )
    return Finding(f"models.{model}.path", f"there is no folder '{path}'. {remedy}")
