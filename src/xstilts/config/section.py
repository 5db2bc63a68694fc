"""What sections of a config are made of: names, counts and other checked values; overrides of a section's keys."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator


def number(value: Any) -> Any:
    """Numbers given as text, as ``--config`` does; but 1e-5, which YAML reads as text, is a slip to point out."""
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"[-+]?\d+e[-+]?\d+", value, re.IGNORECASE):
        mantissa, exponent = re.split("e", value, flags=re.IGNORECASE)
        plain = f"{mantissa}.0e{exponent}" if exponent.startswith("-") else f"{float(value):.0f}"
        raise ValueError(f"YAML reads {value} as text; write {plain}")
    return value


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", value):
        raise ValueError(
            "names become folder names: use lower-case letters, digits, '-' and '_', starting with a letter or digit"
        )
    return value


def unique(values: list[Any]) -> list[Any]:
    """Refuse a list that has a value more than once."""
    repeated = sorted({str(value) for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"{', '.join(repeated)} stands more than once")
    return values


def _seed(value: int) -> int:
    if value >= 2**63:
        raise ValueError("a seed must be below 2^63")
    return value


def _has_room(value: int) -> int:
    if value < _SHORTEST:
        raise ValueError(f"must be at least {_SHORTEST}, four special tokens and one of each sentence, but is {value}")
    return value


_SHORTEST = 6  # tokens of a pair of sentences

Name = Annotated[str, AfterValidator(_name)]
Count = Annotated[int, Field(ge=1), BeforeValidator(number)]
Whole = Annotated[int, Field(ge=0), BeforeValidator(number)]
Seed = Annotated[Whole, AfterValidator(_seed)]
InputLength = Annotated[Count, AfterValidator(_has_room)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(number)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(number)]
Share = Annotated[float, Field(ge=0, lt=1), BeforeValidator(number)]


class Section(BaseModel):
    """A part of the config: unknown keys are errors, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _may_be_empty(cls, value: Any) -> Any:
        """``xnli:`` in YAML, with nothing below it, means ``xnli: {}``."""
        return {} if value is None else value


S = TypeVar("S", bound=Section)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default")  # None is not the value that a key has where an override leaves it out


def partial_of(model: type[Section]) -> type[Section]:
    """The same section with every key optional, '{model}Override' in the model's module: what an override may set."""
    fields: dict[str, Any] = {
        name: (
            field.annotation if not field.metadata else Annotated[field.annotation, *field.metadata],
            Field(None, description=field.description, json_schema_extra=_without_default),
        )
        for name, field in model.model_fields.items()
    }
    return create_model(f"{model.__name__}Override", __base__=Section, __module__=model.__module__, **fields)


def merged(kind: type[S], *sections: Section | None) -> S:
    """One section of a kind, the later of the given ones overriding the earlier in what they set."""
    values: dict[str, Any] = {}
    for section in sections:
        if section is not None:
            values |= section.model_dump(exclude_unset=True, include=set(kind.model_fields))
    return kind(**values)
