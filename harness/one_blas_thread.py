"""Sums of one thread: what numpy's linear algebra adds up does not depend on how many cores this computer has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within it the BLAS libraries that are loaded work in the calling thread alone; then as before.

    A sum of 200,000 products that BLAS splits over all cores waits until each of its threads had its turn, and they
    spin while they wait: on two cores that others use too it took 18 ms instead of 0.5 ms, and the analysis of the
    demo 1.6 times the processor's time. The parts of a split sum are rounded apart, so that another number of cores
    also gave other last digits. Nothing is set in the environment, which models under test would inherit.
    """
    import numpy as np  # noqa: F401 - it brings the BLAS; here: slow to import
    from threadpoolctl import threadpool_limits  # here: slow to import

    with threadpool_limits(limits=1, user_api="blas"):
        yield
