"""Telling a Pushgateway: the night's metrics in the place of those of this suite's last night.

They are replaced as a whole (PUT), so that what a night no longer says is gone. The moment that Prometheus gives them
is that of its scrape: that is why the night's own moments are values.
"""

from __future__ import annotations

import base64

from harness.documents.nightly import Nightly
from harness.nightly.telling.http_request import Patience, send
from harness.nightly.telling.settings import Pushgateway
from harness.nightly.telling.teller import Render, Teller


def group_url(url: str, suite: str) -> str:
    """The address of a suite's group. Its name is written in base64: it may hold a slash, or be none."""
    encoded = base64.urlsafe_b64encode(suite.encode("utf-8", "replace")).decode() or "="
    return f"{url.rstrip('/')}/metrics/job/bakeoff/suite@base64/{encoded}"


def _tell(nightly: Nightly, settings: Pushgateway, render: Render) -> None:
    send(
        "PUT",
        group_url(settings.url, nightly.suite),
        render("prometheus", nightly),
        lambda: {"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "User-Agent": "bakeoff"},
        Patience(settings.timeout_s, settings.attempts, settings.backoff_s),
    )


TELLER = Teller("pushgateway", _tell)
