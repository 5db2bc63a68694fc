"""Hyper-parameters and encoding settings in a paper's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xstilts.config.settings import Hyperparameters
from xstilts.config.study import Study
from xstilts.wording import counted, listed


def trainings(stages: Mapping[str, Sequence[tuple[str, Hyperparameters]]]) -> list[str]:
    """Return sentences on the values of all trainings: first those that all have, then by stage what differs.

    Args:
        stages: By the name of a stage, the trainings in it: what is trained on, and the hyper-parameters.
    """
    every = [_values(hyper) for trained in stages.values() for _, hyper in trained]
    common = [value for value in every[0] if all(value in values for values in every)] if every else []
    told = [f"In all trainings: {', '.join(common)}."] * bool(common)
    for stage, trained in stages.items():
        by_values: dict[str, list[str]] = {}
        for name, hyper in trained:
            text = ", ".join(value for value in _values(hyper) if value not in common)
            names = by_values.setdefault(text, [])
            names += [name] if name not in names else []
        if set(by_values) == {""}:
            continue
        whose = {f"on {listed(names)}, " if len(by_values) > 1 else "": text for text, names in by_values.items()}
        told.append(f"{stage}: {'; '.join(f'{names}{text}' for names, text in whose.items())}.")
    return told


def selection(used: Sequence[Hyperparameters]) -> str:
    """Return a sentence on which weights are kept."""
    kept = {hyper.selection for hyper in used}
    if kept == {"last"}:
        return "The weights of the last step are kept."
    best = "The weights with the best score on English dev data are kept"
    return best + ("." if kept == {"best"} else ", or those of the last step, as the study's config says.")


def input_lengths(study: Study) -> str:
    """Return a sentence on the longest inputs, tasks with the same one together."""
    lengths: dict[int, list[str]] = {}
    for task in study.tasks():
        lengths.setdefault(study.encoding_of(task).max_length, []).append(study.title_of(task))
    if len(lengths) == 1:
        return f"Inputs have at most {counted(next(iter(lengths)), 'token')}."
    told = "; ".join(f"{counted(length, 'token')} for {listed(names)}" for length, names in lengths.items())
    return f"Inputs have at most {told}."


def _values(hyper: Hyperparameters) -> list[str]:
    """The values of one training that a reader needs to repeat it."""
    rates = [f"{rate:g}" for rate in hyper.rates]
    several = f"the best on dev data of the learning rates {listed(rates)}"
    share = f"{hyper.warmup_share:.0%}".replace("%", " %")
    warm = counted(hyper.warmup_steps, "step") if hyper.warmup_steps is not None else f"{share} of the steps"
    told = [
        several if len(rates) > 1 else f"a learning rate of {rates[0]}",
        f"batches of {counted(hyper.batch_tokens, 'token') if hyper.batch_tokens else hyper.batch_size}",
        counted(hyper.max_steps, "step") if hyper.max_steps is not None else _epochs(hyper.epochs),
        f"linear warm-up over {warm} and linear decay after it",
        f"a weight decay of {hyper.weight_decay:g}",
        f"Adam's epsilon {hyper.adam_epsilon:g} and second-moment decay {hyper.adam_beta2:g}",
        f"gradients clipped at norm {hyper.clip_norm:g}",
        f"evaluations every {counted(hyper.eval_every, 'step')}",
    ]
    if hyper.patience is not None:
        told.append(f"stopped after {counted(hyper.patience, 'evaluation')} without a better one")
    if hyper.lora:
        told.append(f"LoRA of rank {hyper.lora.rank} and alpha {hyper.lora.alpha}")
    return told


def _epochs(epochs: float) -> str:
    return counted(int(epochs), "epoch") if epochs == int(epochs) else f"{epochs:g} epochs"
