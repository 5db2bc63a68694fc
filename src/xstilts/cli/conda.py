"""XSTILTs in the environment of its packages that Snakemake has conda make: ``snakemake --sdm conda``.

``envs/xstilts.post-deploy.sh`` runs this with the Python of Snakemake. The package is linked, not copied: jobs
then run the code that their Snakemake has planned with, also when a clone is edited or the package installed again.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import xstilts

#: The environment variable that names the Python that Snakemake runs in.
PYTHON = "XSTILTS_PYTHON"

_FOLDERS = "import sysconfig; print(sysconfig.get_path('purelib'), sysconfig.get_path('scripts'), sep='\\n')"
_PROGRAM = "#!{python}\nimport sys\n\nfrom xstilts.cli import main\n\nsys.exit(main())\n"


def link(python: str) -> None:
    """Make the package, its metadata and the program ``xstilts`` part of an environment.

    Args:
        python: The environment's Python.
    """
    found = subprocess.run([python, "-c", _FOLDERS], check=True, text=True, stdout=subprocess.PIPE).stdout
    packages, programs = map(Path, found.splitlines())
    (metadata, *_) = Path(str(distribution("xstilts").locate_file(""))).resolve().glob("xstilts[-.]*-info")
    for folder in (Path(xstilts.__file__).resolve().parent, metadata):
        (packages / folder.name).symlink_to(folder)
    program = programs / "xstilts"
    program.write_text(_PROGRAM.format(python=python), encoding="utf-8")
    program.chmod(0o755)


if __name__ == "__main__":
    link(sys.argv[1])
