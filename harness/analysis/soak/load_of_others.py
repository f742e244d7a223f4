"""The cores that others kept busy, in each window of a soak."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.conditions.load_of_others import cores_between

if TYPE_CHECKING:
    from harness.analysis.soak.windows import SoakRecords
    from harness.statistics.estimate import Floats


def cores_of_others_in_windows(records: SoakRecords) -> Floats:
    """For every window of a soak, the fixed work before it included; NaN where it is not known, as for the first one
    of each session.
    """
    found = np.full(len(records.windows), np.nan)
    for places in records.sessions:
        for before, place in itertools.pairwise(places):
            window = records.windows[place]
            if window.cpu_ns is None:
                continue
            own_ns = window.cpu_ns + sum(window.reference_cpu_ns or window.reference_ns)
            cores = cores_between(records.windows[before].context, window.context, own_ns)
            found[place] = np.nan if cores is None else cores
    return found
