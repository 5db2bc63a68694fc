"""The encoder of a new study: where it is from, and what is known of it."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

from xstilts.config.factors import Snapshot
from xstilts.encoders.config_file import Size, size_of
from xstilts.encoders.usual import KNOWN
from xstilts.encoders.weights import WEIGHTS
from xstilts.errors import UserError
from xstilts.wording import short_number


@dataclass(frozen=True)
class Encoder:
    """A ready-made encoder.

    Attributes:
        name: What the study calls it.
        path: Its ``path`` in the study.
        size: Its size, as far as it is known.
        about: What is known of it, in words; empty: nothing.
        from_hub: Whether it has to be downloaded.
    """

    name: str
    path: str
    size: Size
    about: str
    from_hub: bool


def encoder_of(given: str) -> Encoder:
    """The encoder that ``--model`` names: a folder, a repository whose commit is known, or hf://namespace/name@commit.

    Raises:
        UserError: It is none of these, or the folder has no config.json.
    """
    folder = Path(given)
    if folder.is_dir():
        return Encoder(_name(folder.resolve().name), given, size_of(folder), _about(folder), from_hub=False)
    full = next((name for name in KNOWN if given in (name, name.partition("/")[2])), None)
    if full is not None:
        commit, size = KNOWN[full]
        return Encoder(_name(given), f"hf://{full}@{commit}", size, _shape("", size), from_hub=True)
    if snapshot := Snapshot.of_path(given):
        return Encoder(_name(snapshot.repository), given, Size(), "", from_hub=True)
    raise UserError(
        f"--model: '{given}' is no folder (looked from {Path.cwd()}). Give a transformers folder, "
        f"{' or '.join(KNOWN)}, or hf://namespace/name@commit with all 40 digits of the commit."
    )


def _name(text: str) -> str:
    """A name that a study takes, from a folder's or repository's."""
    return re.sub(r"[^a-z0-9_-]+", "_", text.rpartition("/")[2].lower()).strip("_-") or "encoder"


def _about(folder: Path) -> str:
    try:
        values = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(
            f"--model: {folder} has no config.json that can be read ({error}). Give a transformers folder."
        ) from None
    named = values.get("architectures") or [values.get("model_type", "")]
    return _shape(str(named[0]), size_of(folder), _parameters(folder))


def _shape(architecture: str, size: Size, parameters: int | None = None) -> str:
    """'XLMRobertaModel: 24 layers, 1,024 units wide, inputs of up to 512 tokens, 560 million parameters'."""
    parts = [
        f"{size.layers} layers" if size.layers else "",
        f"{size.hidden_size:,} units wide" if size.hidden_size else "",
        f"inputs of up to {size.longest_input:,} tokens" if size.longest_input else "",
        _count(parameters) if parameters else "",
    ]
    return ": ".join(filter(None, [architecture, ", ".join(filter(None, parts))]))


def _count(parameters: int) -> str:
    millions = parameters / 1e6
    return f"{short_number(millions)} million parameters" if millions >= 1 else f"{parameters:,} parameters"


def _parameters(folder: Path) -> int | None:
    """How many parameters the file of weights has; None where there is not one file of them."""
    try:
        with (folder / WEIGHTS).open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    except (OSError, ValueError, KeyError, TypeError):
        return None
