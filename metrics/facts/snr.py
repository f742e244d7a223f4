"""Signal-to-noise ratio of tensors."""

from __future__ import annotations

from metrics.metric import ItemMetric, Metric, MetricSettings
from metrics.metric_facts import MetricFacts


def _open(settings: MetricSettings) -> Metric:
    from metrics.tensors.snr import Snr  # numpy is slow to load

    return Snr(settings)


SNR = ItemMetric(
    facts=MetricFacts(
        name="snr",
        label="Signal to noise",
        family="tensors",
        unit="dB",
        better="higher",
        range=(None, None),
        decimals=2,
        meaning="energy of the reference over that of the error",
        convention=(
            "energy of all values of a tensor over that of its error, the mean not removed; least over the outputs"
        ),
        citation="textbook definition, 10 log10 of the ratio of energies",
        blind_to="which value is off: a tensor's large values hide errors of its small ones",
        negligible=0.1,
        gallery_order=2,
        subject="signal to noise",
    ),
    open=_open,
)
