"""Learning curves while they come about, in TensorBoard, Weights & Biases or MLflow, where a study asks for it."""

from xstilts.runtime.tracking.backends import Kind, is_installed
from xstilts.runtime.tracking.tracking import Tracking

__all__ = ["Kind", "Tracking", "is_installed"]
