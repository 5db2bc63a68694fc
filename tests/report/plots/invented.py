"""An invented study as large as XTREME: 40 languages, 9 targets, the baseline, 10 arms and a control, 2 seeds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.effects import EFFECTS
from xstilts.config.study import BASELINE, Study, load
from xstilts.report.plots.training import CURVES
from xstilts.scores.gains import is_control
from xstilts.scores.score_files import SCORES
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import INTERMEDIATE_TASKS, TARGET_TASKS, TASKS

MODEL = "xlmr"


def xtreme_config(**changes: Any) -> dict[str, Any]:
    arms: dict[str, Any] = {BASELINE: {}, **{task: {"tasks": [task]} for task in INTERMEDIATE_TASKS}}
    arms |= {"all": {"tasks": list(INTERMEDIATE_TASKS)}, "untrained": {"weights": "random"}}
    return {
        "study": "invented",
        "source": {"kind": "files", "root": "data"},
        "models": {MODEL: {"path": "models/xlmr"}},
        "seeds": [1, 2],
        "arms": arms,
        "targets": {target: {} for target in TARGET_TASKS},
        **changes,
    }


def xtreme_study(**changes: Any) -> Study:
    return load(xtreme_config(**changes))


def invented_scores(study: Study) -> pd.DataFrame:
    """Scores that fall with distance, with effects of arm, target, language and seed; every planned cell is there."""
    rng = np.random.default_rng(3)
    table, rows = study.language_table(), []
    arm_effect = {arm: float(rng.normal(0.5, 1.5)) for arm in study.arms}
    for model in study.models:
        for target in study.targets:
            noisy = 4.0 if TASKS[target].type == "retrieval" else 1.5
            level = float(rng.uniform(70, 85))
            shift = {arm: arm_effect[arm] + float(rng.normal(0, noisy)) for arm in study.arms}
            for language in study.languages(target):
                of_language = 0.0 if language == ENGLISH else float(rng.normal(0, 3))
                base = level - 40 * table[language].distance + of_language
                for arm in study.arms:
                    gain = 0.0 if arm == BASELINE else -25.0 if is_control(arm, study) else shift[arm]
                    gain += 0.0 if arm == BASELINE else float(rng.normal(3 * table[language].distance, 1))
                    for seed in study.seeds:
                        for metric in TASKS[target].primary_metrics:
                            score = float(np.clip(base + gain + rng.normal(0, 0.7), 0, 100))
                            run = f"{model}-{arm}-{target}-{seed}"
                            rows.append((model, arm, target, language, metric, seed, score, run))
    frame = pd.DataFrame(rows, columns=["model", "arm", "target", "language", "metric", "seed", "score", "run"])
    frame = frame.assign(study=study.study, split=study.splits[0], n=1000, flag=None)
    return frame[SCORES.names]


def invented_curves(study: Study) -> pd.DataFrame:
    """Five evaluations of every fine-tuning run."""
    rng = np.random.default_rng(4)
    rows = []
    for model in study.models:
        for arm in study.arms:
            for what in study.training_sets():
                top = float(rng.uniform(70, 80)) - 30 * is_control(arm, study)
                for seed in study.seeds:
                    for step in range(500, 3000, 500):
                        score = top * (1 - np.exp(-step / 700)) + float(rng.normal(0, 0.5))
                        rows.append((model, arm, what, seed, step, 500 / step, score, step == 2500))
    return pd.DataFrame(rows, columns=CURVES)


def invented_effects(study: Study) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = []
    for model in study.models:
        for arm in [arm for arm in study.arms if arm != BASELINE]:
            for target in study.targets:
                retrieval = TASKS[target].type == "retrieval"
                gain = -25.0 if is_control(arm, study) else float(rng.normal(1, 8 if retrieval else 2))
                for language, shift in (("mean", 0.0), (ENGLISH, -1.0), ("zero-shot", 0.3)):
                    if not (retrieval and language == ENGLISH):
                        wide = float(rng.uniform(0.5, 2))
                        ends = (gain + shift - wide, gain + shift + wide)
                        rows.append((model, study.splits[0], arm, target, language, gain + shift, *ends, 9, 2, ""))
    return pd.DataFrame(rows, columns=EFFECTS)


def invented_answers(study: Study) -> list[Answer]:
    """Answers to all five questions with the frames that their figures need."""
    return [make(study, np.random.default_rng(6)) for make in (_q1, _q2, _q3, _q4, _q5)]


def _answer(question: str, unit: str, names: Iterable[str], rng: np.random.Generator, **data: pd.DataFrame) -> Answer:
    rows = []
    for name in names:
        value = float(rng.normal(0.6, 0.3))
        rows.append(Estimate(name, value, value - 0.5, value + 0.5, unit, 0.04, "25 languages of 12 genera"))
    robustness = pd.DataFrame([vars(row) for row in rows])
    primary = Estimate("declared", 0.6, 0.1, 1.1, unit, 0.02, "39 languages of 20 genera, 2 seeds")
    return Answer(question, question, "h", "supported", "r", primary, robustness=robustness, data=data)


def _arms(study: Study) -> list[str]:
    return [arm for arm in study.arms if arm in INTERMEDIATE_TASKS]


def _pairs_with_languages(study: Study) -> Iterator[tuple[str, str]]:
    for target in study.targets:
        for language in study.languages(target):
            if language != ENGLISH:
                yield target, language


def _q1(study: Study, rng: np.random.Generator) -> Answer:
    table = study.language_table()
    rows = [
        (target, code, table[code].family, table[code].distance, delta, delta - 1.0)
        for target, code in _pairs_with_languages(study)
        for delta in [float(rng.normal(4 * table[code].distance, 2))]
    ]
    scatter = pd.DataFrame(rows, columns=["target", "language", "family", "distance", "delta", "partial_residual"])
    names = [f"without {family}" for family in sorted(scatter["family"].unique())]
    unit = "points per SD of distance"
    left_out = _answer("q1", unit, names, rng).robustness
    forest = _answer("q1", unit, [*_arms(study), "zero-shot score per SD of distance"], rng).robustness
    keys = [
        (f"{kind} distance", scale, subset)
        for kind in ("syntactic", "genetic", "geographic", "inventory", "phonological", "featural")
        for scale in ("points", "log-odds")
        for subset in ("all cells", "without retrieval", "without af bn jv kk ml")
    ]
    specifications = _answer("q1", unit, [kind for kind, _, _ in keys], rng).robustness
    specifications[["distance", "scale", "subset"]] = keys
    frames = {"scatter": scatter, "leave_one_out": left_out, "forest": forest, "specifications": specifications}
    checks = ["observed features only", "genetic distance", "without thinly described languages"]
    return _answer("q1", unit, checks, rng, **frames)


def _q2(study: Study, rng: np.random.Generator) -> Answer:
    rows = [
        ("codebert − roberta", role, "m", arm, target, when, 80.0 - shift, 60.0 + float(rng.normal(0, 3)), 5, 2)
        for role, shift in (("text", 0.0), ("code", 4.0))
        for arm in _arms(study)[:2]
        for target in list(study.targets)[:7]
        for when in ("before", "after")
    ]
    columns = ["pair", "role", "model", "arm", "target", "when", "english", "others", "languages", "seeds"]
    return _answer("q2", "points of gap", ["without the floor rule"], rng, dumbbell=pd.DataFrame(rows, columns=columns))


def _q3(study: Study, rng: np.random.Generator) -> Answer:
    rows = [
        (model, arm, target, float(rng.normal(0, 3)), float(rng.uniform(0.2, 0.7)), float(rng.uniform() > 0.7))
        for model in study.models
        for arm in _arms(study)
        for target in study.targets
    ]
    table = pd.DataFrame(rows, columns=["model", "arm", "target", "delta", "jsd", "same_format"])
    for column in ("delta", "jsd"):
        values = table[column]
        by_arm, by_target = (table.groupby(side)[column].transform("mean") for side in ("arm", "target"))
        table[f"{column}_centred"] = values - by_arm - by_target + values.mean()
    return _answer("q3", "points per SD of similarity", ["without retrieval"], rng, matrix=table)


def _q4(study: Study, rng: np.random.Generator) -> Answer:
    families = sorted({study.language_table()[code].family for _, code in _pairs_with_languages(study)})
    rows = []
    for task in _arms(study)[:3]:
        for size in (1000.0, 4000.0, 16000.0, 64000.0):
            gains = {family: float(np.log2(size) / 4 + rng.normal(0, 1)) for family in families}
            gains["worst"] = min(gains.values())
            rows += [(f"{task}_{size:.0f}", task, size, np.nan, family, gain, 2) for family, gain in gains.items()]
    columns = ["arm", "task", "size", "diversity", "family", "gain", "seeds"]
    return _answer("q4", "points per doubling", ["mean over families"], rng, curves=pd.DataFrame(rows, columns=columns))


def _q5(study: Study, rng: np.random.Generator) -> Answer:
    rows = []
    for arm in _arms(study):
        for target, language in _pairs_with_languages(study):
            gain = float(rng.normal(0, 3))
            guesses = [gain + float(rng.normal(0, spread)) for spread in (4, 3, 2.5)]
            rows.append((arm, target, language, "language", gain, *guesses, 0.0))
    columns = ["arm", "target", "language", "left_out", "observed", "M0", "M1", "M2", "mean"]
    schemes = [(left_out, model) for left_out in ("language", "family", "arm") for model in ("M0", "M1", "M2")]
    increments = pd.DataFrame(schemes, columns=["left_out", "model"])
    increments["r2"] = np.linspace(-0.2, 0.5, len(increments))
    predictions = pd.DataFrame(rows, columns=columns)
    names = ["cosine alone", "cosine_centred alone"]
    return _answer("q5", "out-of-sample R²", names, rng, predictions=predictions, increments=increments)
