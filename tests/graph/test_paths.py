from __future__ import annotations

from pathlib import Path

import pytest

from xstilts.graph.paths import Paths

PATHS = Paths(Path("results/trial"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PATHS.study, "study.json"),
        (PATHS.generated, "raw/manifest.json"),
        (PATHS.examples("xnli", "test", "de"), "data/xnli/test.de.parquet"),
        (PATHS.data_manifest("xnli"), "data/xnli/manifest.json"),
        (PATHS.tokenizer_file("tiny"), "tokenizers/tiny/tokenizer.json"),
        (PATHS.tokens_manifest("tiny", "xnli"), "tokens/tiny/xnli/manifest.json"),
        (PATHS.pretrained("tiny"), "encoders/tiny/pretrained"),
        (PATHS.encoder("tiny", "mnli", 1), "encoders/tiny/mnli/seed1"),
        (PATHS.part("scores", "tiny", "mnli", "xnli", 1), "scores/tiny/mnli/xnli/seed1.parquet"),
        (PATHS.part("records", "tiny", "mnli", "xnli", 1, "json"), "records/tiny/mnli/xnli/seed1.json"),
        (PATHS.log("encode", "tiny", "xnli"), "logs/encode/tiny/xnli.log"),
        (PATHS.log("collect"), "logs/collect.log"),
        (PATHS.benchmark("collect"), "benchmarks/collect.tsv"),
        (PATHS.scores, "scores.parquet"),
    ],
)
def test_places(path: Path, expected: str) -> None:
    assert path == Path("results/trial") / expected


def test_wildcards_stand_where_values_would() -> None:
    pattern = PATHS.part("scores", "{model}", "{arm}", "{training_set}", "{seed}")
    assert Path(str(pattern).format(model="m", arm="a", training_set="t", seed=3)) == PATHS.part(
        "scores", "m", "a", "t", 3
    )


def test_tables_are_in_four_formats() -> None:
    names = [path.name for path in PATHS.table_files(["xnli"])]
    tables = "main", "groups", "xnli", "languages", "dev", "published", "ledger", "data"
    assert names == [f"{name}.{suffix}" for name in tables for suffix in ("csv", "md", "tex", "html")]
