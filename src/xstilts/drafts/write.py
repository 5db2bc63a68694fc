"""Write the file of a new study."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import yaml

from xstilts.atomic import write_text
from xstilts.config.shipped import demo_text
from xstilts.config.study import Study, load
from xstilts.drafts.content import QUESTIONS, Content, Wanted, content_of
from xstilts.drafts.yaml_text import as_yaml
from xstilts.errors import UserError
from xstilts.tasks.registry import TASKS

_WIDTH = 114  # characters of a line of the comment above a study
_HEADS = {
    "study": "Results lie in results/{study}/.",
    "source": "Where examples come from.",
    "benchmark": "XTREME-R's languages, groups and averages, in place of XTREME's.",
    "models": "Encoders, by name.",
    "text": "Corpora of unlabelled text: patterns of files, relative to source.root.",
    "tasks": "Tasks of the study's own (docs/own_tasks.md).",
    "arms": "What happens to the encoder before the target task, by name.",
    "targets": "Target tasks: fine-tuned on English, then scored in all their languages unless some are listed:\n"
    "  xnli: {languages: [en, sw, ur]}",
    "training": "Hyper-parameters by stage; 'tasks' below a stage overrides them for single tasks.",
    "encoding": "How examples become tokens.",
    "retrieval": "Sentence retrieval: the hidden states whose mean embeds a sentence.",
    "compute": "How training runs on the hardware.",
}


def file_of(name: str) -> Path:
    """The file of a new study.

    Raises:
        UserError: The name cannot be one of a study, or the file is there already.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise UserError(f"the study's name '{name}' becomes a folder's: use lower-case letters, digits, '-' and '_'.")
    path = Path(f"{name}.yaml")
    if path.exists():
        raise UserError(f"{path}: is there already, and is left as it is. Choose another name, or move it away.")
    return path


def write_demo(name: str) -> list[str]:
    """Write a study on generated languages: the demo under another name. Returns what to do next."""
    path, text = file_of(name), demo_text()
    body = text[text.index("# Results lie in") :].replace("study: demo\n", f"study: {name}\n", 1)
    head = (
        "# A transfer study on languages that do not exist, with the demo's values: they are for its tiny\n"
        "# encoder, and fit no other.\n"
    )
    return _written(path, head, body, [f"xstilts run {path}    # about 20 minutes on two cores"])


def write_study(wanted: Wanted) -> list[str]:
    """Write a study of a ready-made encoder. Returns what to do next."""
    path, content = file_of(wanted.name), content_of(wanted)
    body = as_yaml(content.config, _HEADS, content.notes)
    study = load(yaml.safe_load(body))
    posed = [
        f"# Question {number}: {QUESTIONS[number][1]} It needs {QUESTIONS[number][2]}.\n" for number in wanted.questions
    ]
    left_out = [f"# Left out: {sentence}.\n" for sentence in content.left_out]
    values = "# Values are those of Phang et al. 2020 (docs/protocol.md) unless their comment says otherwise.\n"
    head = "".join(["# A transfer study.\n", *posed, values, *left_out])
    return _written(path, head, body, _next(path, wanted, content, study))


def _next(path: Path, wanted: Wanted, content: Content, study: Study) -> list[str]:
    """What there is to do before and with the study, as lines of a shell."""
    steps = [
        f"# correct tasks.{name}: columns, labels, languages; its files go to {wanted.root}/{name}/"
        for name, task in content.own.items()
        if not task.found
    ]
    if from_files := [name for name in study.tasks() if name in TASKS and not study.from_hub(name)]:
        steps.append(f"# put {', '.join(from_files)} into {wanted.root}/, laid out as docs/data.md says")
    if study.text:
        steps.append(f"# put the files of text.{', text.'.join(study.text)} into {wanted.root}/")
    if wanted.encoder.from_hub or wanted.source == "hub":
        steps.append(f"xstilts run {path} prefetch    # downloads; once, where there is a network")
    return [
        *steps,
        f"xstilts check --study {path}    # what is missing or wrong",
        f"xstilts plan --study {path} --gpu a100    # what it will cost",
        f"xstilts run {path}",
    ]


def _written(path: Path, head: str, body: str, steps: list[str]) -> list[str]:
    lines = [line for step in steps for line in textwrap.wrap(step, _WIDTH, subsequent_indent="#   ")]
    todo = "".join(f"#   {line}\n" for line in lines)
    write_text(path, f"{head}# Next:\n{todo}# docs/reference/config.md lists every key.\n\n{body}")
    return steps
