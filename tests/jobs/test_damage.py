"""A flipped bit in what a finished job wrote is noticed when the file is next read, and the message says what to do."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Commands, tiny_study

from xstilts import results
from xstilts.config.study import load
from xstilts.data import examples
from xstilts.data.encoding import EncodedRows, encode_task
from xstilts.data.tokenizer import load as load_tokenizer
from xstilts.errors import DataError
from xstilts.graph.jobs import INTERMEDIATE, Job
from xstilts.graph.paths import Paths
from xstilts.graph.runs import Runs
from xstilts.graph.state import refuse_damaged_encoder, refuse_damaged_outputs

STUDY = "results/tiny/study.json"
ARM = ["--study", STUDY, "--model", "small", "--arm", "control", "--seed", "1"]


@pytest.fixture(scope="module")
def trained(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny study with the encoder and the scores of one arm. Read-only: tests copy it."""
    folder = tmp_path_factory.mktemp("trained") / "study"
    shutil.copytree(prepared, folder)
    commands = Commands(folder)
    commands.run("intermediate", *ARM)
    commands.run("finetune", *ARM, "--training-set", "xnli")
    return folder


@pytest.fixture
def paths(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    shutil.copytree(trained, tmp_path / "study")
    monkeypatch.chdir(tmp_path / "study")
    return Paths(Path("results/tiny"))


def flip(path: Path, seed: int) -> None:
    """Change one bit of a file."""
    content, draw = bytearray(path.read_bytes()), random.Random(seed)
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def encode_again(paths: Paths) -> None:
    study = load(tiny_study())
    data = [paths.examples("xnli", "test", "de")]
    tokenizer = load_tokenizer(paths.tokenizer("small"))
    encode_task(study.task("xnli"), study.encoding_of("xnli"), tokenizer, data, Path("elsewhere"))


@pytest.mark.parametrize(
    ("read", "path", "again"),
    [
        (lambda paths: examples.read(paths.examples("xnli", "test", "de")), "data/xnli/test.de.parquet", "data/xnli"),
        (encode_again, "data/xnli/test.de.parquet", "data/xnli"),
        (
            lambda paths: EncodedRows(paths.encoded("small", "xnli", "test", "de")),
            "tokens/small/xnli/test.de.arrow",
            "tokens/small/xnli",
        ),
    ],
)
def test_data(paths: Paths, read: Callable[[Paths], object], path: str, again: str) -> None:
    read(paths)
    file = paths.root / path
    whole = file.read_bytes()
    for seed in range(25):
        flip(file, seed)
        with pytest.raises(DataError) as refusal:
            read(paths)
        assert str(refusal.value) == (
            f"{file}: the file is damaged: it does not hold what was written. Delete the folder {paths.root / again} "
            "and start snakemake again, which makes it anew."
        )
        file.write_bytes(whole)
    file.unlink()
    with pytest.raises(DataError, match="no such file"):
        read(paths)


@pytest.mark.parametrize("kind", ["scores", "predictions", "dev_scores"])
def test_scores_and_what_is_written_with_them(paths: Paths, kind: str) -> None:
    job = Job("small", "control", "xnli", 1)
    refuse_damaged_outputs(job, paths, job.makes(paths)[1:])
    flip(file := paths.part(kind, *job), 1)
    with pytest.raises(DataError, match=f"^{file}: the file is damaged.*Delete {paths.part('scores', *job)} and start"):
        refuse_damaged_outputs(job, paths, job.makes(paths)[1:])


def test_a_damaged_encoder_is_not_fine_tuned(paths: Paths) -> None:
    weights = paths.encoder("small", "control", 1) / "model.safetensors"
    refuse_damaged_encoder(paths, weights)
    flip(weights, 1)
    commands = Commands(Path())
    process = commands.start("finetune", *ARM, "--training-set", "squad_v1")
    process.join()
    assert process.exitcode == 1
    assert f"xstilts: {weights}: the file is damaged" in commands.log.read_text(encoding="utf-8")


def test_damage_is_noticed_by_whatever_reads_scores_and_predictions(paths: Paths) -> None:
    job = Job("small", "control", "xnli", 1)
    study = load({**tiny_study(), "arms": {"none": {}, "control": {"weights": "random"}}, "targets": {"xnli": {}}})
    runs = Runs(study, finished=frozenset({job}))
    assert runs.prediction_files() == [paths.part("predictions", *job)]
    loaded = results.StudyResults(study, paths, None, None)
    assert len(loaded._predictions(job, "xnli", None))
    flip(paths.part("predictions", *job), 1)
    with pytest.raises(DataError, match="the file is damaged"):
        loaded._predictions(job, "xnli", None)
    assert Job("small", "control", INTERMEDIATE, 1).result(paths).is_file()
