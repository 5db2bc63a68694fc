"""XSTILTs: does English intermediate-task training help zero-shot cross-lingual transfer?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xstilts.results import load_results

__all__ = ["load_results"]


def __getattr__(name: str) -> Any:
    """Import what is asked for only then: no command should wait for what it does not use."""
    if name == "load_results":
        from xstilts.results import load_results

        return load_results
    raise AttributeError(f"module 'xstilts' has no attribute '{name}'")
