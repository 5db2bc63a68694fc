"""The files of an encoder's folder, replaced together: those of a whole encoder, or of an adapter."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xstilts.atomic import usual_mode
from xstilts.encoders.weights import WEIGHTS

CONFIG = "config.json"
ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"

#: The file that a job writes into the folder last. What a killed job leaves of a folder is found by its name.
_LAST = "record.json"


@contextmanager
def new_files(folder: Path) -> Iterator[Path]:
    """Yield an empty folder, whose files take the place of the encoder's in ``folder`` at the end, the weights last.

    On any failure, the old files stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{_LAST}.", suffix=".tmp") as name:
        temporary = Path(name)
        yield temporary
        made = sorted(temporary.iterdir(), key=lambda file: file.suffix == Path(WEIGHTS).suffix)
        for old in {CONFIG, WEIGHTS, ADAPTER_CONFIG, ADAPTER_WEIGHTS} - {file.name for file in made}:
            (folder / old).unlink(missing_ok=True)
        for file in made:
            file.chmod(usual_mode())
            file.replace(folder / file.name)
