"""Run the synthetic twin of a question's study and its null twin, and print their answers beside the truth.

    python scripts/question.py 4
    python scripts/question.py 4 null --cores 2

The twin's world has the effect that the question asks for, the null twin's has not. Both run through the workflow, as
far as the answers; snakemake makes tables, figures and report of them as of any study (docs/questions.md).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from twins.comparison import Comparison

from xstilts.config.sources import SyntheticSource
from xstilts.config.study import Study, load, load_file
from xstilts.config.yaml_files import read_yaml
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.synthetic.planted.files import write_code

REPOSITORY = Path(__file__).parents[1]
STUDIES = REPOSITORY / "workflow" / "studies" / "synthetic"
WORLDS = {"twin": True, "null": False}


def study_of(question: int, world: str) -> Study:
    """Read the study of a question's twin, or of its null twin."""
    config = read_yaml(STUDIES / f"q{question}_twin.yaml")
    config["study"] = f"q{question}_{world}"
    config["source"]["planted"]["effect"] = WORLDS[world]
    return load(config)


def run(question: int, world: str, cores: int, options: list[str]) -> Comparison:
    """Run a twin in the working directory, and compare its answer with the truth.

    Raises:
        UserError: The run has failed.
    """
    study = study_of(question, world)
    runs = Runs(study)
    assert isinstance(study.source, SyntheticSource)
    for corpus in study.text.values():
        write_code(Path(str(corpus.files)), study.source)
    effect = f"source={{planted: {{effect: {str(WORLDS[world]).lower()}}}}}"
    command = ["snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--cores", str(cores), "--quiet", "rules"]
    command += ["--configfile", str(STUDIES / f"q{question}_twin.yaml"), "--config", f"study={study.study}", effect]
    if subprocess.run([*command, *options, "--", str(runs.paths.answers)]).returncode:
        raise UserError(f"{study.study}: the run has failed; {runs.paths.root}/logs says why.")
    return Comparison.of(Runs(load_file(runs.paths.study)))


def main() -> None:
    """Run the twins that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("question", type=int, choices=range(1, 6), help="the question, 1 to 5")
    parser.add_argument("worlds", nargs="*", choices=[*WORLDS, []], default=[], help="which one; both if left out")
    parser.add_argument("--cores", type=int, default=2)
    given, options = parser.parse_known_args()
    for world in given.worlds or WORLDS:
        start = time.monotonic()
        try:
            comparison = run(given.question, world, given.cores, options)
        except UserError as error:
            sys.exit(str(error))
        print(f"\nQuestion {given.question}, {world}: {comparison.answer.hypothesis}")
        print("\n".join(f"  {line}" for line in comparison.lines()))
        print(f"  {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
