"""What both runners keep: versions, exit codes, bounds."""

from __future__ import annotations

RUNNER_VERSION = "1"
PLAN_SCHEMA = "bakeoff.plan/1"
RECORDS_SCHEMA = "bakeoff.records/1"

EXIT_USAGE = 2
EXIT_DATA = 65
EXIT_IO = 74
EXIT_LOCKED = 75

MOST_FRAMES = 10_000
"""Frames that a page tells of, at rest and at work each."""
MESSAGE_MAX_CHARS = 2000
STDERR_TAIL_BYTES = 4096
WORKER_LOG_MAX_BYTES = 1 << 20
CLOSE_TIMEOUT_S = 5.0
WARM_UP_BLOCK_MIN_INFERENCES = 3
REFERENCE_REPEATS = 3
REFERENCE_CHUNK_BYTES = 1 << 16
BUSY_SPAN_MIN_NS = 50_000_000
PAUSE_SLICE_NS = 100_000_000
NO_TREND_BELOW = 9
STOPPABLE_PASSES = ("latency", "energy")
LAUNCH_COST_WEIGHT = 2
"""Processes are kept while the pairs in them, times the time that these took, are less than so many times what it takes
to start all arms: k·(k·c_p) < w·c_L, Kalibera & Jones's √(w·c_L/c_p) for processes that differ by 1/√w of what pairs
do.
"""
KEPT_REASON = "starting every arm anew takes longer here than it tells: the processes stay"
BOUND_REASON = "the latency pass reached its bound of latency.max_ns"
