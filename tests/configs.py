"""Study configs as YAML gives them, to change one thing of."""

from __future__ import annotations

from typing import Any

SMALL = {"hidden_size": 16, "layers": 2, "heads": 2, "feed_forward_size": 16, "max_length": 32, "vocabulary_size": 60}


def ready_made(**changes: Any) -> dict[str, Any]:
    """A study of a ready-made encoder: two arms beside the baseline, every kind of target."""
    return {
        "study": "trial",
        "source": {"kind": "files", "root": "data"},
        "models": {"xlmr": {"path": "models/xlmr"}},
        "seeds": [1, 2],
        "arms": {"none": {}, "mnli": {"tasks": ["mnli"]}, "pair": {"tasks": ["mnli", "qqp"]}},
        "targets": {
            "xnli": {"languages": ["de", "en"]},
            "xquad": {"languages": ["en"]},
            "mlqa": {"languages": ["de"]},
            "tatoeba": {"languages": ["de"]},
        },
        **changes,
    }


def own(**changes: Any) -> dict[str, Any]:
    """The same study of an encoder that it pretrains itself."""
    return ready_made(
        models={"tiny": {"architecture": dict(SMALL)}}, encoding={"max_length": 32}, retrieval={"layer": 1}, **changes
    )
