"""Windows of a soak from what is true of them, thousands a second: arrays in, records out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.analysis.soak.windows import SoakRecords
from harness.documents.records import Context, SoakWindow

Floats = NDArray[np.float64]
_TICKS_PER_S = 100


def windows_of(
    reference: Floats, reference_cpu: Floats | None, others_busy_cores: Floats | None, *, window_s: float = 60.0
) -> SoakRecords:
    """`reference`, `reference_cpu`: durations and CPU times of three repeats of the fixed work before each window, in
    nanoseconds, shape (n, 3). `others_busy_cores`: shape (n,), while it and its window last. None: not recorded.

    One core works for ourselves, all the time.
    """
    window_ns = round(window_s * 1e9)
    context = Context(monotonic_ns=0)
    window = SoakWindow(
        n=0, session=0, monotonic_ns=0, step=1, arm="a0", index=0, started_ns=0, ended_ns=0, inferences=6000,
        latency_p50_ns=10**7, latency_p90_ns=10**7, latency_p99_ns=10**7, latency_min_ns=10**7, latency_max_ns=10**7,
        rss_bytes=None, rss_anon_bytes=None, pss_bytes=None, cpu_ns=window_ns, context=context,
    )  # fmt: skip
    # Copies are not validated again: that would be most of the time.
    now_ns, ticks, windows = 100 * 10**9, 1000.0, []
    spent = (reference if reference_cpu is None else reference_cpu).sum(axis=1)
    lists, cpu_lists = (
        [[]] * len(reference) if each is None else each.astype(int).tolist() for each in (reference, reference_cpu)
    )
    for index, repeats in enumerate(lists):
        started_ns = now_ns + sum(repeats)
        ended_ns = started_ns + window_ns
        if others_busy_cores is not None:
            others_ns = float(others_busy_cores[index]) * (ended_ns - now_ns)
            ticks += (window_ns + float(spent[index]) + others_ns) / 1e9 * _TICKS_PER_S
        said = {"monotonic_ns": ended_ns, "cpu_busy_ticks": int(ticks) if others_busy_cores is not None else None}
        changed = {
            "n": index, "index": index, "monotonic_ns": ended_ns, "started_ns": started_ns, "ended_ns": ended_ns,
            "reference_ns": repeats, "reference_cpu_ns": cpu_lists[index], "context": context.model_copy(update=said),
        }  # fmt: skip
        windows.append(window.model_copy(update=changed))
        now_ns = ended_ns
    return SoakRecords([], [], [], [], windows, {0: now_ns})
