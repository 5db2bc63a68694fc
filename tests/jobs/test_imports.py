"""What a training job imports: seconds of every job of every study, so each package has to be needed."""

from __future__ import annotations

import json
import subprocess
import sys

#: Dependencies of the package, and what comes with them, that other jobs and commands need.
OF_OTHERS = {
    "altair", "datasets", "httpx_sse", "joblib", "narwhals", "nltk", "peft", "sentence_transformers", "sentencepiece",
    "seqeval", "sklearn", "snakemake", "statsmodels", "vl_convert",
}  # fmt: skip

_LIST = """
import json, sys
import xstilts.jobs.training, transformers.models.xlm_roberta.modeling_xlm_roberta
print(json.dumps(sorted(sys.modules)))
"""


def test_a_training_job_imports_nothing_that_only_other_jobs_need() -> None:
    done = subprocess.run([sys.executable, "-c", _LIST], capture_output=True, text=True, check=True)
    modules = json.loads(done.stdout)
    assert "torch" in modules
    assert {name.partition(".")[0] for name in modules} & OF_OTHERS == set()
    assert "scipy.stats" not in modules, "a second of a job; scikit-learn brings it"
