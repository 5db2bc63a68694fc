"""How cells, arms, metrics and seeds read in tables and figures, and what must stand beside them."""

from __future__ import annotations

import pandas as pd

from xstilts.catalogue.tasks import TASKS
from xstilts.report.gains import is_control
from xstilts.settings import Limits
from xstilts.study import BASELINE, Study

MISSING = "–"
FEWER = "†"  # stands at what has not all of the study's seeds


def stamped(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """A table with what must not be lost when a CSV file leaves its folder: the study, whether it is synthetic, and
    whether it uses only a part of each file."""
    synthetic, limited = study.source.kind == "synthetic", study.examples != Limits()
    marked = table.assign(study=study.study, synthetic=synthetic, limited=limited)
    return marked[["study", "synthetic", "limited", *table.columns]]


def labelled(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Stamped cells of arms, with their place in front; ``control`` says which arms are controls."""
    table = cells.assign(control=[is_control(arm, study) for arm in cells["arm"]])
    first = [name for name in ("model", "split", "arm", "control") if name in table]
    return stamped(table[[*first, *(name for name in cells.columns if name not in first)]], study)


def arm_label(arm: str, study: Study) -> str:
    """An arm's name for readers: that of its task where the arm is named after its only task."""
    if is_control(arm, study):
        return f"{arm} (untrained control)"
    if arm == BASELINE:
        return f"{arm} (baseline)"
    return TASKS[arm].title if study.arms[arm].tasks == [arm] else arm


def seeds_note(study: Study) -> str:
    numbers = ", ".join(map(str, study.seeds))
    return f"One seed ({numbers})." if len(study.seeds) == 1 else f"Means over {len(study.seeds)} seeds ({numbers})."


def fewer_note(study: Study) -> str:
    return f"{FEWER}: fewer seeds than the study's {len(study.seeds)}; the CSV file says how many."


def metric_label(metric: str) -> str:
    return metric.replace("_", " ").replace("f1", "F1")


def metrics_of(task: str) -> str:
    """A task's headline metrics, in words."""
    names = [metric_label(metric) for metric in TASKS[task].headline]
    return names[0] if len(names) == 1 else f"mean of {' and '.join(names)}"


def cell_texts(cells: pd.DataFrame, study: Study) -> list[str]:
    """What a reader sees of each cell: the baseline's score or another arm's gain, with one decimal."""
    texts = []
    for arm, score, seeds, gain, gain_seeds in cells[["arm", "score", "seeds", "gain", "gain_seeds"]].itertuples(
        index=False
    ):
        value, count = (score, seeds) if arm == BASELINE else (gain, gain_seeds)
        text = f"{value:.1f}" if arm == BASELINE else signed(value)
        texts.append(MISSING if pd.isna(value) else text + FEWER * (count < len(study.seeds)))
    return texts


def signed(difference: float) -> str:
    """A difference with one decimal and its sign; none for what rounds to zero."""
    text = f"{difference:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")
