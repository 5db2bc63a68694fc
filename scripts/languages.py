"""Make src/xstilts/tasks/languages.csv: facts about each language, and its distances to English.

    pip download lang2vec==1.1.2 --no-deps --dest /some/folder
    python scripts/languages.py /some/folder/lang2vec-1.1.2-py3-none-any.whl

The facts are ``language_facts.csv`` beside this script; the distances are worked out from URIEL's feature vectors
(Littell et al. 2017), which lang2vec's wheel holds as NumPy files. They are read without importing the package, which
has no function for distances and does not import with current setuptools. docs/languages.md says what each column is
and under which licence it stands.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np

FACTS = Path(__file__).with_name("language_facts.csv")
TABLE = Path(__file__).parents[1] / "src/xstilts/tasks/languages.csv"

#: Of lang2vec 1.1.2: vectors of another version would give other distances.
SHA256 = "bc43eddce15175ee1561c8a0566f56e42019d5987ea6c2890770a1b5d1f48fa4"

ENGLISH = "eng"
MIN_SHARED = 20  # of features: fewer give distances of 0 between languages that have little in common

COLUMNS = (
    "code", "iso3", "name", "family", "genus", "script", "distance", "distance_observed", "observed", "genetic",
    "geographic", "inventory", "phonological", "featural", "cc100_gib", "uriel", "glottolog",
)  # fmt: skip


class Vectors:
    """One of the wheel's NumPy files. Each has its languages in an order of its own."""

    def __init__(self, wheel: zipfile.ZipFile, name: str) -> None:
        with np.load(io.BytesIO(wheel.read(f"lang2vec/data/{name}.npz"))) as file:
            self.features: list[str] = file["feats"].tolist()
            self._rows = {code: row for row, code in enumerate(file["langs"].tolist())}
            self._values = file["data"]  # (languages, features, sources)

    def of(self, code: str, prefix: str = "") -> np.ndarray:
        """(features,) of those with a prefix: present (1) where any source says so, -1 where none says anything."""
        chosen = [place for place, name in enumerate(self.features) if name.startswith(prefix)]
        values: np.ndarray = self._values[self._rows[code]][chosen].max(axis=1)
        return values.astype("float64")


def cosine_distance(a: np.ndarray, b: np.ndarray) -> float | None:
    """1 − cosine; None where a vector is all zeros, as the family vectors of isolates are."""
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return max(0.0, 1 - float(a @ b) / lengths) if lengths else None


def observed_distance(a: np.ndarray, b: np.ndarray) -> float | None:
    """The distance on features that are known of both; None where these are too few."""
    shared = (a >= 0) & (b >= 0)
    return cosine_distance(a[shared], b[shared]) if shared.sum() >= MIN_SHARED else None


def distances(path: Path, codes: list[str]) -> dict[str, dict[str, str]]:
    """By URIEL's code, the computed columns."""
    with zipfile.ZipFile(path) as wheel:
        completed, raw = Vectors(wheel, "feature_predictions"), Vectors(wheel, "features")
        families, places = Vectors(wheel, "family_features"), Vectors(wheel, "geocoord_features")

    def to_english(vectors: Vectors, code: str, prefix: str = "") -> float | None:
        return cosine_distance(vectors.of(code, prefix), vectors.of(ENGLISH, prefix))

    return {
        code: {
            "distance": text(to_english(completed, code, "S_")),
            "distance_observed": text(observed_distance(raw.of(code, "S_"), raw.of(ENGLISH, "S_"))),
            "observed": text(float((raw.of(code, "S_") >= 0).mean())),
            "genetic": text(to_english(families, code)),
            "geographic": text(to_english(places, code), digits=4),
            "inventory": text(to_english(completed, code, "INV_")),
            "phonological": text(to_english(completed, code, "P_")),
            "featural": text(to_english(completed, code)),
        }
        for code in codes
    }


def text(value: float | None, digits: int = 3) -> str:
    return "" if value is None else str(round(value, digits))


def size(listed: str) -> str:
    """The sum of the rows that a language has in the list; 0 where it has none."""
    return text(sum((float(row) for row in listed.split("+") if row), 0.0), digits=1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the catalogue's table of languages.")
    parser.add_argument("wheel", type=Path, help="lang2vec-1.1.2-py3-none-any.whl")
    path = parser.parse_args().wheel
    if not path.is_file():
        sys.exit(f"{path}: no such file. 'pip download lang2vec==1.1.2 --no-deps' makes it.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        sys.exit(f"{path}: not the wheel of lang2vec 1.1.2, whose SHA-256 is {SHA256}.")
    facts = list(csv.DictReader(FACTS.read_text(encoding="utf-8").splitlines()))
    computed = distances(path, [row["uriel"] for row in facts])
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, **computed[row["uriel"]], "cc100_gib": size(row["cc100_gib"])} for row in facts)


if __name__ == "__main__":
    main()
