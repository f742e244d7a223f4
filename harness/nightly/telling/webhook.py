"""Telling a server by a webhook: a JSON document, signed where a secret is given.

    POST /hooks/bakeoff
    Content-Type: application/json
    X-Bakeoff-Timestamp: 1796010060
    X-Bakeoff-Signature: sha256=<hex of HMAC-SHA256(secret, timestamp + "." + body)>
    X-Bakeoff-Delivery: <the same for the same night: a receiver that has it already may ignore it>

The moment is signed with the body, so that an old message cannot be sent again by whoever caught it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Mapping

from harness.documents.nightly import Nightly
from harness.nightly.telling.http_request import Patience, send
from harness.nightly.telling.settings import Webhook, checked_url
from harness.nightly.telling.teller import Render, Teller, TellingError


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """The value of X-Bakeoff-Signature. A receiver compares it in constant time."""
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _tell(nightly: Nightly, settings: Webhook, render: Render) -> None:
    url = settings.url or _address_from(settings.url_from or "")
    secret = _from_environment(settings.secret_from, "the secret to sign with") if settings.secret_from else None
    body = render("webhook", nightly)
    delivery = hashlib.sha256(body).hexdigest()[:32]

    def headers() -> Mapping[str, str]:
        timestamp = str(int(time.time()))
        given = {
            "Content-Type": "application/json",
            "User-Agent": "bakeoff",
            "X-Bakeoff-Timestamp": timestamp,
            "X-Bakeoff-Delivery": delivery,
        }
        if secret is not None:
            given["X-Bakeoff-Signature"] = signature(secret.encode(), timestamp, body)
        return given

    send("POST", url, body, headers, Patience(settings.timeout_s, settings.attempts, settings.backoff_s))


def _address_from(variable: str) -> str:
    text = _from_environment(variable, "the address")
    try:
        return checked_url(text)
    except ValueError:
        # Its text stays unsaid: it is a secret.
        raise TellingError(f"${variable} is no address", "It begins with https:// and has no blanks.") from None


def _from_environment(variable: str, what: str) -> str:
    text = os.environ.get(variable, "").strip()
    if not text:
        raise TellingError(f"${variable} is not set, and {what} comes from it", "Set it where the night is started.")
    return text


TELLER = Teller("webhook", _tell)
