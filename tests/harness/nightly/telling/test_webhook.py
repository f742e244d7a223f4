"""A webhook against real servers: good ones, slow ones, broken ones and hostile ones."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from harness.nightly.telling import webhook
from harness.nightly.telling.settings import Webhook
from harness.nightly.telling.teller import TellingError
from reports.nightly.registry import open_rendering
from tests.reports.nightly import sample_night as sample
from tests.rig.certificate import make_certificate, missing_parts
from tests.rig.http_peer import HttpPeer, answers, breaks_off, drips, hangs, never_ends


def tell(**table: object) -> None:
    settings = Webhook.model_validate({"timeout_s": 5.0, "attempts": 3, "backoff_s": 0.01, **table})
    webhook.TELLER.tell(sample.night(), settings, lambda name, nightly: open_rendering(name).render(nightly))


def test_the_night_arrives_as_json_signed_with_its_moment(monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", "geheim")
    with HttpPeer(answers(204)) as peer:
        tell(url=f"{peer.url}/hooks/1?x=2", secret_from="HOOK_SECRET")
    (asked,) = peer.asked
    assert (asked.method, asked.path) == ("POST", "/hooks/1?x=2")
    assert asked.headers["Content-Type"] == "application/json"
    assert json.loads(asked.body)["suite"] == "upscalers"
    moment = asked.headers["X-Bakeoff-Timestamp"]
    assert abs(int(moment) - time.time()) < 600
    expected = hmac.new(b"geheim", moment.encode() + b"." + asked.body, hashlib.sha256).hexdigest()
    assert asked.headers["X-Bakeoff-Signature"] == f"sha256={expected}"


def test_a_receiver_checks_the_signature_as_the_documentation_shows(monkeypatch):
    page = (Path(__file__).parents[4] / "docs" / "tell-people.md").read_text(encoding="utf-8")
    receiver: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], receiver)
    monkeypatch.setenv("HOOK_SECRET", "geheim")
    with HttpPeer(answers(204)) as peer:
        tell(url=peer.url, secret_from="HOOK_SECRET")
    (asked,) = peer.asked
    assert receiver["is_ours"](b"geheim", asked.headers, asked.body)
    assert not receiver["is_ours"](b"geheim", asked.headers, asked.body + b" ")
    assert not receiver["is_ours"](b"other", asked.headers, asked.body)
    late = {**asked.headers, "X-Bakeoff-Timestamp": "1700000000"}
    assert not receiver["is_ours"](b"geheim", late, asked.body)


def test_without_a_secret_nothing_is_signed():
    with HttpPeer(answers(200)) as peer:
        tell(url=peer.url)
    assert "X-Bakeoff-Signature" not in peer.asked[0].headers


@pytest.mark.parametrize(
    "trouble", [answers(503), answers(429, Retry_After="0"), breaks_off], ids=["503", "429", "cut"]
)
def test_what_fails_twice_is_told_the_third_time(trouble):
    with HttpPeer(trouble, trouble, answers(200)) as peer:
        tell(url=peer.url)
    assert len(peer.asked) == 3
    assert len({asked.headers["X-Bakeoff-Delivery"] for asked in peer.asked}) == 1


def test_after_the_last_attempt_it_is_said_how_many_there_were():
    with HttpPeer(answers(500, b"out of\norder \x1b[31m")) as peer, pytest.raises(TellingError) as caught:
        tell(url=f"{peer.url}/secret-path")
    assert len(peer.asked) == 3
    assert caught.value.what == (f"{peer.url}: answered 500 Internal Server Error: out of order \\x1b[31m (3 attempts)")


def test_a_refusal_is_not_tried_again():
    with HttpPeer(answers(403)) as peer, pytest.raises(TellingError, match=r"answered 403 Forbidden \(1 attempt\)"):
        tell(url=peer.url)
    assert len(peer.asked) == 1


@pytest.mark.parametrize("slow", [hangs, drips])
def test_a_server_that_hangs_is_left_alone(slow):
    with HttpPeer(slow) as peer, pytest.raises(TellingError, match=r"no answer within 0\.3 s \(2 attempts\)"):
        tell(url=peer.url, timeout_s=0.3, attempts=2)


def test_an_answer_without_end_is_not_read_to_it():
    with HttpPeer(never_ends) as peer:
        tell(url=peer.url)
    assert len(peer.asked) == 1


def test_a_redirect_on_the_same_host_keeps_what_was_told():
    with HttpPeer(answers(308, Location="/new"), answers(200)) as peer:
        tell(url=f"{peer.url}/old")
    assert [(asked.method, asked.path) for asked in peer.asked] == [("POST", "/old"), ("POST", "/new")]
    assert peer.asked[0].body == peer.asked[1].body


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_else_is_told_by_a_redirect(status):
    with HttpPeer(answers(200)) as other, HttpPeer(answers(status, Location=f"{other.url}/x")) as peer:
        with pytest.raises(TellingError, match="nobody else is told"):
            tell(url=peer.url)
        assert other.asked == []


def test_a_redirect_to_itself_has_an_end():
    with HttpPeer(answers(307, Location="/again")) as peer, pytest.raises(TellingError, match="round and round"):
        tell(url=peer.url)


def test_a_server_that_is_not_there_is_named_without_the_secret_part_of_its_address(monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        monkeypatch.setenv("HOOK_URL", f"http://127.0.0.1:{port}/T0/B0/geheim")
        with pytest.raises(TellingError) as caught:
            tell(url_from="HOOK_URL")
    assert str(caught.value) == f"http://127.0.0.1:{port}: connection refused (3 attempts). Is the server there?"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"url_from": "HOOK_UNSET"}, "$HOOK_UNSET is not set, and the address comes from it"),
        ({"url_from": "HOOK_ODD"}, "$HOOK_ODD is no address"),
        ({"url": "http://127.0.0.1:1", "secret_from": "HOOK_UNSET"}, "the secret to sign with comes from it"),
    ],
)
def test_what_the_environment_lacks_is_said_before_anything_is_sent(table, words, monkeypatch):
    monkeypatch.setenv("HOOK_ODD", "file:///geheim")
    with pytest.raises(TellingError) as caught:
        tell(**table)
    assert words in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_certificate_that_nobody_vouches_for_is_not_tried_again(tmp_path):
    missing = missing_parts()
    if missing is not None:
        pytest.skip(missing)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(make_certificate(tmp_path, ["localhost"]))
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted = []

        def accept() -> None:
            connection, _ = server.accept()
            accepted.append(connection)
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        with pytest.raises(TellingError, match="its certificate is not trusted"):
            tell(url=f"https://127.0.0.1:{server.getsockname()[1]}/")
        thread.join(10)
    assert len(accepted) == 1
