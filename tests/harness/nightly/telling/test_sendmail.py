"""A letter through a sendmail of the user's: what it is given, and that no text of a night gets into its head."""

from __future__ import annotations

import email
import email.policy
import os
import signal
import sys

import pytest

from harness.nightly.telling import sendmail
from harness.nightly.telling.settings import Mail
from harness.nightly.telling.teller import TellingError
from reports.nightly.registry import open_rendering
from tests.reports.nightly import sample_night as sample


@pytest.fixture
def mailer(tmp_path):
    """A sendmail that keeps the letter and its arguments."""
    path = tmp_path / "sendmail"

    def write(then: str = "") -> Mail:
        path.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {tmp_path}/arguments\ncat > {tmp_path}/letter\n{then}\n")
        path.chmod(0o755)
        return Mail(
            to=["ada@example.org", "bo@example.org"], sendmail=str(path), sender="bench@example.org", timeout_s=20
        )

    return write


def tell(settings, nightly=None) -> None:
    sendmail.TELLER.tell(nightly or sample.night(), settings, lambda name, given: open_rendering(name).render(given))


def received(tmp_path) -> email.message.EmailMessage:
    return email.message_from_bytes((tmp_path / "letter").read_bytes(), policy=email.policy.default)


def test_sendmail_gets_the_letter_on_stdin_and_no_text_as_an_argument(mailer, tmp_path):
    tell(mailer())
    assert (tmp_path / "arguments").read_text() == "-t\n-i\n"
    letter = received(tmp_path)
    assert letter["To"] == "ada@example.org, bo@example.org"
    assert letter["From"] == "bench@example.org"
    assert letter["Subject"].startswith("[bakeoff] upscalers: Latency got worse on 2 devices")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Message-ID"].endswith("@bench-host>")
    assert letter.get_content() == open_rendering("mail").render(sample.night()).decode()


@pytest.mark.parametrize(
    "text", ["x\r\nBcc: evil@example.org", "x\nSubject: y", "x\x00\u2028y", "\udcff", sample.HOSTILE, "é" * 500]
)
def test_no_text_of_a_night_becomes_a_header(mailer, tmp_path, text):
    nightly = sample.night(sentence="s", host="h").model_copy(update={"sentence": text, "suite": text, "host": text})
    tell(mailer(), nightly)
    letter = received(tmp_path)
    assert set(letter.keys()) == {
        "Subject", "To", "From", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding",
        "MIME-Version",
    }  # fmt: skip
    assert not letter.defects
    raw = (tmp_path / "letter").read_bytes()
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998


def test_a_line_of_a_dot_does_not_end_the_letter(mailer, tmp_path):
    tell(mailer(), sample.night(warnings=["."]))
    assert "Verdicts".upper() in received(tmp_path).get_content()


def test_a_sendmail_that_fails_is_said_with_its_own_words(mailer):
    settings = mailer("echo 'no route\033[31m' >&2; exit 75")
    with pytest.raises(TellingError) as caught:
        tell(settings)
    assert caught.value.what == f"{settings.sendmail}: ended with 75: no route\\x1b[31m"


def test_a_sendmail_that_is_not_there_or_hangs_is_said(mailer, tmp_path):
    with pytest.raises(TellingError, match="is not there"):
        tell(Mail(to=["a@example.org"], sendmail=str(tmp_path / "none")))
    settings = mailer("exec sleep 60").model_copy(update={"timeout_s": 0.5})
    with pytest.raises(TellingError, match=r"was not done within 0\.5 s"):
        tell(settings)


def test_what_sendmail_leaves_running_is_not_waited_for(mailer, tmp_path):
    (tmp_path / "sleeper").write_text("import time; time.sleep(30)")
    tell(mailer(f"{sys.executable} {tmp_path}/sleeper & echo $! > {tmp_path}/pid"))
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
