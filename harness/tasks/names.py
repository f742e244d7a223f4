"""The names of the tasks, for whoever must not wait for the tasks themselves to be imported."""

from __future__ import annotations

from typing import Final

TASK_NAMES: Final = ("image_to_image", "sequence", "tensors", "anomaly_detection", "classification", "segmentation")
DEFAULT_TASK: Final = "image_to_image"
"""The task of experiments that name none: they were written when there was no other."""
