"""What a training job imports: seconds of every job of every study, so each package has to be needed."""

from __future__ import annotations

import json
import subprocess
import sys

#: Of the package's own dependencies, what training needs; pandas comes with the model card's table of data.
OURS = {
    "annotated_types", "dateutil", "numpy", "pandas", "pyarrow", "pydantic", "pydantic_core", "rich", "safetensors",
    "tabulate", "tokenizers", "torch", "transformers", "typing_extensions", "typing_inspection", "xstilts", "yaml",
}  # fmt: skip
#: What PyTorch and transformers import of themselves, some of it only where it is installed.
THEIRS = {
    "accelerate", "anyio", "certifi", "charset_normalizer", "cloudpickle", "colorama", "cython_runtime", "dill",
    "filelock", "fsspec", "functorch", "h11", "httpcore", "httpcore2", "httpx", "httpx2", "huggingface_hub", "idna",
    "jinja2", "markupsafe", "mpmath", "packaging", "psutil", "pygments", "regex", "requests", "scipy", "six", "sniffio",
    "sympy", "torchgen", "tqdm", "triton", "truststore", "typer", "urllib3",
}  # fmt: skip

_LIST = """
import json, sys
import xstilts.jobs.training, transformers.models.xlm_roberta.modeling_xlm_roberta
print(json.dumps(sorted(sys.modules)))
"""


def test_a_training_job_imports_nothing_that_it_does_not_need() -> None:
    done = subprocess.run([sys.executable, "-c", _LIST], capture_output=True, text=True, check=True)
    modules = json.loads(done.stdout)
    packages = {name.partition(".")[0] for name in modules if not name.startswith("_")} - sys.stdlib_module_names
    assert packages - OURS - THEIRS == set()
    assert "scipy.stats" not in modules, "a second of a job; scikit-learn brings it"
