"""What pydantic finds wrong with a config, as sentences for people."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import ValidationError

from xstilts.config.section import Section
from xstilts.errors import did_you_mean

#: By pydantic's type of error, with the limits it states.
_RULES = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a section of 'key: value' lines",
    "model_type": "must be a section of 'key: value' lines",
    "model_attributes_type": "must be a section of 'key: value' lines",
    "literal_error": "must be {expected}",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
}

#: Parts of paths that are no keys.
_TAGS = ("[key]", "[one]", "[several]", "[auto]")

#: What keys are called by other programs and papers.
_ALIASES = {
    "lr": "learning_rate", "bs": "batch_size", "bsz": "batch_size", "train_batch_size": "batch_size",
    "micro_batch": "micro_batch_size", "per_device_train_batch_size": "micro_batch_size", "wd": "weight_decay",
    "num_train_epochs": "epochs", "num_epochs": "epochs", "n_epochs": "epochs", "steps": "max_steps",
    "num_steps": "max_steps", "warmup": "warmup_share", "warmup_ratio": "warmup_share",
    "warmup_proportion": "warmup_share", "num_warmup_steps": "warmup_steps", "max_grad_norm": "clip_norm",
    "grad_clip": "clip_norm", "eps": "adam_epsilon", "beta2": "adam_beta2", "eval_steps": "eval_every",
    "early_stopping": "patience", "max_seq_length": "max_length", "max_seq_len": "max_length", "seq_len": "max_length",
    "stride": "doc_stride", "fp16": "precision", "bf16": "precision", "dtype": "precision", "name": "study",
    "seed": "seeds", "model": "models", "encoders": "models", "data": "source", "langs": "languages",
    "task": "tasks", "intermediate_tasks": "tasks", "hyperparameters": "training", "num_layers": "layers",
    "num_hidden_layers": "layers", "num_attention_heads": "heads", "intermediate_size": "feed_forward_size",
    "vocab_size": "vocabulary_size", "r": "rank", "target_modules": "modules", "n_train": "train_examples",
}  # fmt: skip


def sentences(error: ValidationError, root: type[Section]) -> list[str]:
    """One sentence per mistake, naming the key's path in a config of the kind ``root``; each only once."""
    return list(dict.fromkeys(_sentence(problem, root) for problem in error.errors(include_url=False)))


def _sentence(problem: Any, root: type[Section]) -> str:
    path = [str(part) for part in problem["loc"] if part not in _TAGS]
    kind = path[1] if path[:1] == ["source"] and len(path) > 1 else None  # the union's tag is no key
    keys = path if kind is None else ["source", *path[2:]]
    where, given = ".".join(keys), problem["input"]
    match problem["type"]:
        case "missing":
            return f"{where}: this key is required."
        case "extra_forbidden":
            valid = _keys_at(keys[:-1], root, kind)
            alias = _ALIASES.get(keys[-1].lower())
            meant = f"Did you mean '{alias}'?" if alias in valid else did_you_mean(keys[-1], valid)
            return f"{where}: unknown key. {meant}"
        case "too_short":
            least = problem["ctx"]["min_length"]
            return f"{where}: must not be empty." if least == 1 else f"{where}: must have {least} values or more."
        case "union_tag_invalid" | "union_tag_not_found":
            return f"{where}.kind: must be 'synthetic', 'files' or 'hub'."
        case "value_error":
            text = str(problem["ctx"]["error"])
            stop = "" if text[-1] in ".?" else "."
            return (f"{where}: {text}" if where else text) + stop
    rule = _RULES.get(problem["type"], problem["msg"]).format(**problem.get("ctx", {}))
    remedy = ": put it in quotes" if problem["type"] == "string_type" and isinstance(given, bool | int | float) else ""
    return f"{where}: {rule}, but is {reprlib.repr(given)}{remedy}."


def _keys_at(path: Sequence[str], root: type[Section], kind: str | None) -> list[str]:
    """The valid keys of the section at ``path``, found by walking down the models."""
    sections: list[type[Section]] = [root]
    for part in path:
        sections = [section for parent in sections for section in _sections_in(parent, part)] or sections
    if kind is not None:
        sections = [section for section in sections if kind in get_args(section.model_fields["kind"].annotation)]
    return sorted({field.alias or name for section in sections for name, field in section.model_fields.items()})


def _sections_in(section: type[Section], key: str) -> Iterator[type[Section]]:
    fields = {field.alias or name: field for name, field in section.model_fields.items()}
    if (field := fields.get(key)) is None:
        return
    pending: list[Any] = [field.annotation]
    while pending:
        kind = pending.pop()
        if isinstance(kind, type) and issubclass(kind, Section):
            yield kind
        pending.extend(get_args(kind))
