"""What is seen of a run's scores beside the metrics: whether they have anything to do with the labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.tasks.looks import Doubts, Seen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.anomaly_detection.codec import AnomalyCodec
    from metrics.anomaly.anomaly import AnomalyReference

_SURE: Final = 0.01
_FEWEST: Final = 4
"""The fewest of either class: with three of each even a perfect order has a p-value of 5 %."""
WHY = (
    "as where inputs have other colours, levels or sizes than the model was trained with ([data.tensor] color, range,"
    " mean and std, resize), or another output is read ([data.tensor] score, map)"
)


class AnomalyLooks:
    """One item after the other; only scores are held."""

    def __init__(self, devices: Sequence[str], arms: Sequence[str]) -> None:
        """`arms`: the baseline first."""
        self._devices, self._arms = devices, arms
        self._seen: dict[tuple[str, str], list[tuple[float, bool]]] = {}
        self._is_anomalous = False

    def item(
        self, item: str, place: int, total: int, reference_path: Path, given: Any, reference: AnomalyReference
    ) -> None:
        """See `harness.tasks.looks.Looks`."""
        self._is_anomalous = reference.is_anomalous

    def output(
        self, devices: Sequence[str], arm: str, codec: AnomalyCodec, outputs: Sequence[NDArray[np.generic]]
    ) -> None:
        """See `harness.tasks.looks.Looks`."""
        try:
            score = codec.decode(outputs).score
        except ValueError:
            return  # it has no score, and that is said there
        for device in devices:
            self._seen.setdefault((device, arm), []).append((score, self._is_anomalous))

    def seen(self) -> Seen:
        """See `harness.tasks.looks.Looks`."""
        return Seen(doubts={device: self._doubts(device) for device in self._devices})

    def _doubts(self, device: str) -> Doubts:
        found = {arm: order_in_words(self._seen.get((device, arm), [])) for arm in self._arms}
        doubts = Doubts()
        if all(text is not None for text in found.values()):
            first = self._arms[0]
            doubts.pairs.append(f"no arm tells anomalous from normal ({first} {found[first]})")
            return doubts
        for place, arm in enumerate(self._arms):
            if found[arm] is not None:
                # A candidate alone may well be as bad as that; a baseline that ships today is not.
                kind = doubts.suspicions if place == 0 else doubts.doubts
                kind.setdefault(arm, []).append(f"{arm} {found[arm]}")
        return doubts


def order_in_words(scores: Sequence[tuple[float, bool]]) -> str | None:
    """What is odd about the order of (score, is anomalous): upside down, or none; None where it is as it should be, or
    there are too few to tell.
    """
    import numpy as np
    from scipy.special import ndtr

    from metrics.anomaly.auroc import auroc

    pairs = np.array(scores, dtype=np.float64).reshape(-1, 2)
    anomalous = int(pairs[:, 1].sum())
    normal = len(scores) - anomalous
    if min(anomalous, normal) < _FEWEST:
        return None
    area = auroc(pairs) / 100.0
    # Mann & Whitney's U under no order at all.
    error = ((anomalous + normal + 1.0) / (12.0 * anomalous * normal)) ** 0.5
    if float(ndtr((0.5 - area) / error)) <= _SURE:
        return None
    told = f"AUROC {100.0 * area:.1f} %"
    if float(ndtr((area - 0.5) / error)) <= _SURE:
        return f"has higher scores for normal items than for anomalous ones ({told}): its score may be one of normality"
    return f"orders items no better than chance ({told}), {WHY}"
