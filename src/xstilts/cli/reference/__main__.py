"""``make reference``: write the generated files of ``docs/reference/``, in the project's folder."""

from __future__ import annotations

from pathlib import Path

from xstilts.atomic import write_text
from xstilts.cli.reference.files import FOLDER, generated

if __name__ == "__main__":
    for name, text in generated().items():
        write_text(Path(FOLDER, name), text)
        print(f"Written: {FOLDER}/{name}")
