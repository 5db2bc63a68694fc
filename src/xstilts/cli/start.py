"""Commands to begin with: a new study's file, and running one from any folder."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from xstilts.cli.app import app
from xstilts.errors import UserError


@app.command(rich_help_panel="For people")
def init(
    name: Annotated[str, typer.Argument(help="The study's name; its file is NAME.yaml.")],
    source: Annotated[
        Literal["files", "hub", "synthetic"],
        typer.Option(help="Where examples come from: files of yours, the Hugging Face Hub, or generated languages."),
    ] = "files",
    model: Annotated[
        str, typer.Option(help="A transformers folder, a known repository of the Hub, or hf://namespace/name@commit.")
    ] = "",
    questions: Annotated[str, typer.Option(help="Numbers of the questions to pose, such as 1,4.")] = "",
    tasks: Annotated[
        str,
        typer.Option(help="Built-in tasks (mnli,xnli), and ones of your own with their type (mine:classification)."),
    ] = "",
    root: Annotated[str, typer.Option(help="The folder with the data files.")] = "data",
) -> None:
    """Write a commented study file with the published protocol's values for an encoder; asks nothing."""
    from xstilts.drafts.content import QUESTIONS, Wanted
    from xstilts.drafts.encoder import encoder_of
    from xstilts.drafts.own import split_names
    from xstilts.drafts.write import write_demo, write_study

    if source == "synthetic":
        if model or questions or tasks:
            raise UserError(
                "--source synthetic is the demo, whose arms and targets pose all five questions to an encoder of its "
                "own; leave out --model, --questions and --tasks."
            )
        steps = write_demo(name)
    else:
        numbers = [part.strip().lower().removeprefix("q") for part in questions.split(",") if part.strip()]
        if wrong := [number for number in numbers if number not in map(str, QUESTIONS)]:
            raise UserError(f"--questions: there is no question '{wrong[0]}'. Give some of 1 to 5, such as 1,4.")
        encoder = encoder_of(model or ("xlm-roberta-base" if numbers == ["2"] else "xlm-roberta-large"))
        posed = tuple(sorted({int(number) for number in numbers}))
        steps = write_study(Wanted(name, source, root, encoder, posed, split_names(tasks)))
    print(f"{name}.yaml is written. Next:\n" + "\n".join(f"  {step}" for step in steps))
