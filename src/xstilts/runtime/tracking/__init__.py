"""Learning curves while they come about, in TensorBoard, Weights & Biases or MLflow, where a study asks for it."""

from xstilts.runtime.tracking.backends import PACKAGES, Kind, is_installed
from xstilts.runtime.tracking.tracking import Tracking

__all__ = ["PACKAGES", "Kind", "Tracking", "is_installed"]
