"""Results as MTEB writes them: one JSON file per target, and ``model_meta.json``, in a folder per model and revision.

The revision of an arm's model is its seed.
"""

from __future__ import annotations

from typing import Any

from xstilts.config.study import Study
from xstilts.report.interchange.scored import Cell, ScoredRun, about


def files(run: ScoredRun, study: Study) -> dict[str, dict[str, Any]]:
    """Return the files of a run by their paths."""
    folder = f"{study.study}__{run.name}/seed{run.seed}"
    targets = dict.fromkeys(cell.target for cell in run.cells)
    results = {f"{folder}/{target}.json": task_result(target, run, study) for target in targets}
    return {f"{folder}/model_meta.json": _model_meta(run, study), **results}


def task_result(target: str, run: ScoredRun, study: Study) -> dict[str, Any]:
    """Return the scores of a target, by split a list with an entry per language (``hf_subset``)."""
    scores: dict[str, list[dict[str, Any]]] = {}
    for cell in run.cells:
        if cell.target == target:
            scores.setdefault(cell.split, []).append(_entry(cell, study))
    return {
        "task_name": target,
        "dataset_revision": run.revisions[target],
        "mteb_version": None,
        "evaluation_time": None,
        "kg_co2_emissions": None,
        "scores": scores,
        "xstilts": about(run, study),
    }


def _entry(cell: Cell, study: Study) -> dict[str, Any]:
    language = study.language_table()[cell.language]
    return {
        **cell.metrics,
        "main_score": cell.main_score(study),
        "hf_subset": cell.language,
        "languages": [f"{language.iso3}-{language.script}"],
    }


def _model_meta(run: ScoredRun, study: Study) -> dict[str, Any]:
    """Return what is known of the model; the keys that MTEB requires are there, null where nothing is known."""
    table, model = study.language_table(), study.models[run.model]
    codes = sorted({cell.language for cell in run.cells})
    nulls = ("release_date", "n_parameters", "memory_usage_mb", "max_tokens", "embed_dim", "license", "reference",
             "similarity_fn_name", "public_training_code", "public_training_data", "training_datasets")  # fmt: skip
    return {
        "name": f"{study.study}/{run.name}",
        "revision": f"seed{run.seed}",
        "languages": [f"{table[code].iso3}-{table[code].script}" for code in codes],
        "framework": ["PyTorch"],
        "open_weights": None if model.path is None else True,
        "use_instructions": False,
        "loader": None,
        **dict.fromkeys(nulls),
        "xstilts": about(run, study),
    }
