"""A file of text for each pattern of a study's corpora."""

from __future__ import annotations

from workspace import Workspace


def write(workspace: Workspace) -> None:
    """Write the files that a study's ``text`` names, a line each, where its source lies."""
    root = workspace.folder / workspace.config["source"]["root"]
    for corpus in workspace.config.get("text", {}).values():
        for pattern in (*corpus.get("languages", {}).values(), *([corpus["files"]] if "files" in corpus else [])):
            path = root / pattern.replace("**/", "").replace("*", "some")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("A line of text.\n", encoding="utf-8")
