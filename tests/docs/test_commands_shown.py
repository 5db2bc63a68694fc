"""Every command that README, the documentation and the studies' headers show is one that the programs take."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from snakemake.cli import parse_args
from workspace import REPOSITORY, Workspace

from xstilts.cli.commands import app

PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
STUDIES = [REPOSITORY / "config.yaml", *sorted((REPOSITORY / "workflow" / "studies").rglob("*.yaml"))]
#: What a page says in place of names that are a user's own.
OWN = {
    "my_study", "my_study.yaml", "mine", "mine.yaml", "faster", "first", "two", "third", "FOLDER", "demo", "NAME",
}  # fmt: skip
#: Commands of other programs, whose arguments are theirs to check.
OTHERS = ("apptainer", "apt-get", "cd", "git", "jq", "pip", "pipx", "rm", "scancel", "source", "squeue")
#: Programs whose last argument is a command.
WRAPPERS = ("tmux",)
#: A script for sbatch, whose arguments are those of xstilts run.
HEAD = "workflow/profiles/slurm/head.sh"


def blocks(path: Path, language: str) -> Iterator[str]:
    """The fenced blocks of a page in a language."""
    yield from re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def without_comment(line: str) -> str:
    return re.sub(r"\s+#.*$", "", line.strip())


def commands_of(path: Path) -> Iterator[str]:
    """The commands that a page or a study's header shows, comments aside."""
    if path.suffix == ".yaml":
        header = re.sub(r" \\\n#\s+", " ", path.read_text(encoding="utf-8"))
        lines = re.findall(r"^#\s+((?:snakemake|xstilts|make|python) [^.]*?[\w}'.]+.*)$", header, re.MULTILINE)
        yield from (
            without_comment(line)
            for line in lines
            if line.startswith(("snakemake -", "snakemake p", "xstilts ", "python "))
        )
        return
    for block in blocks(path, "sh"):
        joined = block.replace("\\\n", " ")
        yield from filter(None, map(without_comment, joined.splitlines()))


SHOWN = sorted({(path, command) for path in (*PAGES, *STUDIES) for command in commands_of(path)})


def parts_of(command: str) -> Iterator[list[str]]:
    """The words of each program that a command line calls; of one that wraps another in quotes, the words of that."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|&;")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word in ("|", "&&", ";"):
            while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                words.pop(0)
            if words and (words[0] in WRAPPERS or "--wrap" in words):
                words = shlex.split(words[-1])
            if words[:3] == ["exec", "apptainer", "exec"]:
                words = words[next(at for at, word in enumerate(words) if word.endswith(".sif")) + 1 :]
            if HEAD in words:
                assert (REPOSITORY / HEAD).is_file()
                words = ["xstilts", "run", *words[words.index(HEAD) + 1 :]]
            if words:
                yield words
            words = []
        else:
            words.append(word)


@pytest.mark.parametrize(("path", "command"), SHOWN, ids=[f"{path.name}: {command}" for path, command in SHOWN])
def test_a_command_that_is_shown_is_taken(path: Path, command: str) -> None:
    for program, *arguments in parts_of(command):
        if program == "snakemake":
            check_snakemake(arguments)
        elif program == "xstilts":
            check_xstilts(arguments)
        elif program == "make":
            subprocess.run(["make", "--dry-run", *arguments], cwd=REPOSITORY, check=True, capture_output=True)
        elif program in ("python", "pytest"):
            assert (REPOSITORY / arguments[0]).exists(), arguments[0]
        elif "/" in program:
            assert (REPOSITORY / program).is_file(), program
        else:
            assert program in OTHERS, f"{program} is not known here"


def check_snakemake(arguments: list[str]) -> None:
    _, found = parse_args(arguments)
    files = [path for paths in found.configfile or () for path in (paths if isinstance(paths, list) else [paths])]
    for name in map(str, files):
        assert name in OWN or (REPOSITORY / name).is_file(), f"{name} is no study"
    for target in found.targets:
        assert str(target) in ("prefetch", "all") or str(target).startswith("results/"), f"{target} is no target"
    if found.workflow_profile:
        assert (REPOSITORY / found.workflow_profile).is_dir()


def check_xstilts(arguments: list[str]) -> None:
    group: Any = typer.main.get_command(app)
    if arguments[0].startswith("--"):
        assert arguments[0] in {option for parameter in group.params for option in parameter.opts} | {"--help"}
        return
    name, *rest = arguments
    assert name in group.commands, f"there is no command {name}"
    group.commands[name].make_context(name, rest)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_python_that_is_shown_is_python(path: Path) -> None:
    for block in blocks(path, "python"):
        text = re.sub(
            r"^(configfile|module|use rule|rule|onstart|onerror|onsuccess)\b.*?(?=^\S|\Z)", "", block, flags=re.M | re.S
        )
        compile(text, str(path), "exec")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A folder with my_study.yaml, a small study."""
    config: dict[str, Any] = {
        "study": "my_study",
        "source": {"kind": "synthetic", "train_examples": 60, "eval_examples": 12, "documents": 300},
        "models": {"small": {"architecture": {"hidden_size": 16, "layers": 1, "heads": 2, "max_length": 64}}},
        "arms": {"none": {}},
        "targets": {"xnli": {"languages": ["en", "qab"]}},
        "encoding": {"max_length": 64},
    }
    workspace = Workspace(tmp_path_factory.mktemp("shown"), config)
    workspace.write()
    (workspace.folder / "study.yaml").rename(workspace.folder / "my_study.yaml")
    (workspace.folder / "workflow").symlink_to(REPOSITORY / "workflow")
    return workspace


MINE = sorted(
    {command for _, command in SHOWN if command.startswith("snakemake ") and "my_study.yaml" in command}
    - {command for _, command in SHOWN if "--unlock" in command}
)


@pytest.mark.parametrize("command", MINE)
def test_a_command_on_a_study_plans_its_jobs(planned: Workspace, command: str) -> None:
    arguments = [word for word in shlex.split(command)[1:] if word not in ("-n", "--dry-run")]
    text = planned.bare_snakemake(*arguments, "--dry-run").ok().text
    assert "This was a dry-run" in text or "Nothing to be done" in text
