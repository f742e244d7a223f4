"""Telling people by a letter, through this computer's own sendmail: `sendmail -t -i` with the letter on its stdin.

Who it goes to stands in the letter's head, which `email.message` writes and folds: no text of a night gets into it
unescaped, and none is an argument.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from harness.documents.nightly import Nightly
from harness.nightly.telling.settings import Mail
from harness.nightly.telling.teller import Render, Teller, TellingError
from harness.words.printable import printable

_MOST_SUBJECT_CHARACTERS = 180


def letter(nightly: Nightly, settings: Mail, text: bytes) -> EmailMessage:
    """The whole letter. Its text is quoted-printable: every line is short ASCII, whatever was said."""
    message = EmailMessage()
    subject = printable(f"[bakeoff] {nightly.suite}: {nightly.sentence}")
    if len(subject) > _MOST_SUBJECT_CHARACTERS:
        subject = f"{subject[:_MOST_SUBJECT_CHARACTERS]}…"
    message["Subject"] = subject
    message["To"] = ", ".join(settings.to)
    if settings.sender is not None:
        message["From"] = settings.sender
    message["Date"] = format_datetime(datetime.now(UTC))
    host = re.sub(r"[^A-Za-z0-9.-]", "-", nightly.host).strip(".-")[:100] or "localhost"
    message["Message-ID"] = make_msgid("bakeoff", domain=host)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.decode("utf-8", "replace"), charset="utf-8", cte="quoted-printable")
    return message


def _tell(nightly: Nightly, settings: Mail, render: Render) -> None:
    message = letter(nightly, settings, render("mail", nightly)).as_bytes()
    with tempfile.TemporaryFile() as said:  # not a pipe: what sendmail leaves running would hold it open
        try:
            done = subprocess.run(
                [settings.sendmail, "-t", "-i"],
                input=message,
                stdout=subprocess.DEVNULL,
                stderr=said,
                timeout=settings.timeout_s,
                check=False,
            )
        except FileNotFoundError:
            raise TellingError(
                f"{settings.sendmail}: is not there", "Install a mail transfer agent, or name it in [tell.mail]."
            ) from None
        except OSError as error:
            raise TellingError(f"{settings.sendmail}: cannot be started: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise TellingError(f"{settings.sendmail}: was not done within {settings.timeout_s:g} s") from None
        if done.returncode != 0:
            said.seek(0)
            words = printable(" ".join(said.read(2000).decode("utf-8", "replace").split()))[:300]
            raise TellingError(
                f"{settings.sendmail}: ended with {done.returncode}{f': {words}' if words else ''}",
                "Does it deliver a letter that you write by hand?",
            )


TELLER = Teller("mail", _tell)
