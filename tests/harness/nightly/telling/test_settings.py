"""`[tell]` of a suite: what is taken, and what is refused in words."""

import tomllib

import pytest
from pydantic import ValidationError

from harness.nightly.telling import settings as module
from harness.nightly.telling.settings import Tell


def read(text: str) -> Tell:
    return Tell.model_validate(tomllib.loads(text).get("tell", {}))


def test_the_example_of_the_docstring_is_taken():
    lines = module.__doc__.splitlines()
    told = read("\n".join(line.strip() for line in lines if line.startswith("    ")))
    assert (told.on, told.mail.to, told.webhook[0].secret_from) == (
        "regression",
        ["bench@example.org"],
        "BAKEOFF_WEBHOOK_SECRET",
    )


def test_without_the_table_nobody_is_told():
    assert read("") == Tell()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[tell]\non = "never"', "'regression', 'change' or 'always'"),
        ('[[tell.webhook]]\nurl = "ftp://a/b"', "https://chat.example.org/hooks/1 is needed"),
        ('[[tell.webhook]]\nurl = "https://u:geheim@a/b"', "url_from"),
        ('[[tell.webhook]]\nurl = "https://a/b\\r\\nX: y"', "no blanks"),
        ('[[tell.webhook]]\nurl = "https://a:99999/b"', "is needed"),
        ("[[tell.webhook]]", "give url, or url_from"),
        ('[tell.mail]\nto = ["a@b\\nBcc: c@d"]', "no e-mail address"),
        ('[tell.mail]\nto = ["-oQ/tmp"]', "no e-mail address"),
        ("[tell.mail]\nto = []", "at least 1 item"),
        ('[tell.mail]\nto = ["a@b"]\nsendmail = "sendmail"', "absolute path"),
        ('[tell.textfile]\nfolder = "metrics"', "absolute path"),
        ('[tell.pushgateway]\nurl = "127.0.0.1:9091"', "is needed"),
        ('[tell]\nwebhok = 1', "Extra inputs"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(text, words):
    with pytest.raises(ValidationError) as caught:
        read(text)
    assert words in str(caught.value)
    assert "geheim" not in str(caught.value)
