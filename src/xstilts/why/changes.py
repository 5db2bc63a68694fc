"""Differences between the run spec that a job ran with and the one that it would run with now."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from xstilts.graph.fingerprints import kind_of_code
from xstilts.graph.runs import Runs
from xstilts.graph.specs import FILES
from xstilts.tasks.registry import POSSIBLE_TARGETS
from xstilts.why.plan import PlannedJob

#: Parts of specs that name upstream runs.
_UPSTREAM = {"tokenizer", "start", "encoder"}
_ABSENT = object()


def changes(job: PlannedJob, runs: Runs) -> list[str]:
    """Describe each difference by the config's key, without those that come from planned upstream jobs."""
    if not job.before or not job.now:
        return []
    sentences = []
    for path, old, new in _leaves(job.before, job.now, ()):
        upstream = path[0] in (*_UPSTREAM, "models") or "contents" in path or "translated" in path
        if path[0] == "id" or (job.after and upstream):
            continue
        sentences.append(_sentence(path, old, new, job, runs))
    return list(dict.fromkeys(sentences))


def _leaves(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Iterate over (path, before, now) of every value that differs; lists of (name, value) count as dicts."""
    if old == new:
        return
    if (before := _as_dict(old)) is not None and (now := _as_dict(new)) is not None:
        for name in dict.fromkeys((*before, *now)):
            yield from _leaves(before.get(name, _ABSENT), now.get(name, _ABSENT), (*path, name))
    else:
        yield path, old, new


def _as_dict(value: Any) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and value and all(isinstance(item, list) and len(item) > 1 for item in value):
        return {str(item[0]): item[1:] for item in value}
    return None


def _sentence(path: tuple[str, ...], old: Any, new: Any, job: PlannedJob, runs: Runs) -> str:
    first, last = path[0], path[-1]
    if last == "code" and first in ("code", "translator"):
        kind = kind_of_code(new) or job.rule
        return f"{kind} code has changed (code of kind '{kind}')"
    if "contents" in path:
        of_text = "masked_lm" in path or job.wildcards.get("task") in runs.study.corpora
        name = last if path[0] == "contents" or first == "text" or of_text else f"a data file of {last}"
        return f"{name} {'is new' if old is _ABSENT else 'is gone' if new is _ABSENT else 'has another content'}"
    if str(old).startswith(FILES) and str(new).startswith(FILES):
        return f"{_key(path, job, runs)}: the encoder's files have another content"
    if "facts" in path:
        return f"the declaration of {job.wildcards.get('task', '') if last == 'facts' else last} has changed"
    inside = path[1:] if first == "text" else path
    task = job.wildcards.get("task", "text") if inside == ("files",) else last
    if inside == ("files",) or (inside[0] in ("evaluated", "tasks", "targets") and len(inside) == 2):
        return _added_or_removed(task, new) if old is _ABSENT or new is _ABSENT else _files(task, old, new)
    if first == "encoding" and len(path) == 2 and (old is _ABSENT or new is _ABSENT):
        return _added_or_removed(last, new)
    if first in _UPSTREAM and all(re.fullmatch("[0-9a-f]{12}", str(value)) for value in (old, new)):
        return f"its {'tokenizer' if first == 'tokenizer' else 'encoder'} has been made anew since"
    key = _key(path, job, runs)
    if old is _ABSENT:
        return f"{key} is new"
    if new is _ABSENT:
        return f"{key} is gone"
    return f"{key}: {_value(old)} -> {_value(new)}"


def _added_or_removed(task: str, new: Any) -> str:
    """Describe a task that a job did not use before, or no longer uses."""
    what = "target" if task in POSSIBLE_TARGETS else "task"
    return f"{what} {task} is {'gone' if new is _ABSENT else 'new'}"


def _files(task: str, old: Any, new: Any) -> str:
    """Describe a change of the files of a task that are read: 'test.de' and the like, or languages alone."""
    before, now = set(map(str, old)), set(map(str, new))
    parts = [f"with {', '.join(sorted(now - before))}"] * bool(now - before)
    parts += [f"without {', '.join(sorted(before - now))}"] * bool(before - now)
    return f"files of {task}: {'; '.join(parts) or 'in another order'}"


def _key(path: tuple[str, ...], job: PlannedJob, runs: Runs) -> str:
    """Return the config's key that a part of a spec comes from: that of an override if the study has one."""
    study, (first, *rest) = runs.study, path
    names, tail = job.wildcards, ".".join(rest)
    if first == "stages" and len(rest) > 2 and rest[1] == "training":
        return _overriding(_intermediate_stages(runs, names["arm"], int(rest[0])), rest[2], ".".join(rest[2:]))
    if job.rule == "pretrain" and path == ("training", "max_steps") and "masked_lm" in (job.now or ()):
        return f"models.{names.get('model', '')}.continue.steps"
    if first == "training" and rest:
        return _overriding(_training_stages(job, runs), rest[0], tail)
    if first == "encoding" and rest:
        if job.rule in ("encode", "pretrain"):
            task, tail = names.get("task", "text"), ".".join(rest)
        else:
            task, tail = rest[0], ".".join(rest[1:])
        return _overriding(_task_stages("encoding", study.encoding, task), tail, tail)
    if first == "retrieval" and len(rest) > 1:
        return _overriding(_task_stages("retrieval", study.retrieval, rest[0]), rest[1], ".".join(rest[1:]))
    if first in ("data", "text", "settings") and rest:
        return tail
    if first in ("model", "architecture", "path", *_UPSTREAM):
        inner = tail if first == "model" or (first in _UPSTREAM and rest) else "path" if not rest else ".".join(path)
        return f"models.{names.get('model', '')}.{inner}"
    if path == ("compute", "gpus"):
        return f"models.{names.get('model', '')}.gpus"
    if first == "translator":
        return f"translation.{tail}"
    if first in ("train_languages", "shots"):
        return f"targets.*.{first}"
    of_arm = {"weights", "train_examples", "tasks", "stages", "mixing", "masked_lm", "choose", "steps", "languages"}
    if first in of_arm and "arm" in names:
        return f"arms.{names['arm']}.{'.'.join(path)}"
    if job.rule == "pretrain" and first in ("masked_lm", "seed"):
        return f"models.{names.get('model', '')}.continue.{tail or first}"
    return "compute.precision" if first == "precision" else ".".join(path)


def _training_stages(job: PlannedJob, runs: Runs) -> list[tuple[str, BaseModel | None]]:
    """Return the sections that a job's hyper-parameters come from, overrides first."""
    if job.rule == "pretrain":
        model = runs.study.models.get(job.wildcards.get("model", ""))
        continues = model.continues if model else None
        own = (f"models.{job.wildcards.get('model', '')}.continue.training", continues.training if continues else None)
        return [own, ("training.pretraining", None)]
    if job.rule == "intermediate":
        return _intermediate_stages(runs, job.wildcards["arm"], 0)
    return _task_stages("training.target", runs.study.training.target, job.wildcards.get("training_set", ""))


def _intermediate_stages(runs: Runs, arm: str, number: int) -> list[tuple[str, BaseModel | None]]:
    """Return the sections that the hyper-parameters of an arm's n-th stage come from, overrides first."""
    chosen = runs.study.arms.get(arm)
    stage = chosen.sequence[number] if chosen and number < len(chosen.sequence) else None
    task = stage.tasks[0] if stage and len(stage.tasks) == 1 else ""
    own = [(f"arms.{arm}.stages.{number}.training", stage.training)] if chosen and chosen.stages and stage else []
    of_arm = (f"arms.{arm}.training", chosen.training if chosen else None)
    return [*own, of_arm, *_task_stages("training.intermediate", runs.study.training.intermediate, task)]


def _task_stages(key: str, section: Any, task: str) -> list[tuple[str, BaseModel | None]]:
    return [(f"{key}.tasks.{task}", section.tasks.get(task)), (key, None)]


def _overriding(stages: list[tuple[str, BaseModel | None]], field: str, tail: str) -> str:
    """Return the key in the first section that sets a field; the last section has defaults for all."""
    key = next((key for key, section in stages[:-1] if section and field in section.model_fields_set), stages[-1][0])
    return f"{key}.{tail}"


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
