"""The table `[tell]` of a suite: who is told of a night, when, and by what.

    [tell]
    on = "regression"
    share = "aliases"

    [[tell.webhook]]
    url = "https://chat.example.org/hooks/bakeoff"
    secret_from = "BAKEOFF_WEBHOOK_SECRET"

    [tell.mail]
    to = ["bench@example.org"]

    [tell.textfile]
    folder = "/var/lib/prometheus/node-exporter"

    [tell.pushgateway]
    url = "http://127.0.0.1:9091"

Secrets are named, never written here: they come from environment variables when a night is told of.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

When = Literal["regression", "change", "always"]
"""`regression`: a confirmed regression that no night told of before, or a night that measured nothing. `change`: any
change that is new, or something that could not be measured. `always`: every night.
"""

Share = Literal["aliases", "names"]
"""What people are told of devices: their models and a letter each, or the names that the suite has. Monitors always get
the names.
"""

_CONTROL: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_VARIABLE: Final = r"^[A-Za-z_][A-Za-z0-9_]{0,99}$"
MOST_ADDRESSES: Final = 100


def checked_url(text: str) -> str:
    """The address as it is. Raises ValueError where it is no http or https address of a host, or holds a password."""
    if _CONTROL.search(text) or not text.isascii():
        msg = "an address has no blanks and only ASCII characters (write others as %XX)"
        raise ValueError(msg)
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        msg = "an address such as https://chat.example.org/hooks/1 is needed"
        raise ValueError(msg)
    if parts.username is not None or parts.password is not None:
        msg = "an address with a password does not belong into a file: name an environment variable with url_from"
        raise ValueError(msg)
    return text


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        msg = f"{text[:60]!r} is no e-mail address such as bench@example.org"
        raise ValueError(msg)
    return text


def _absolute(text: str) -> str:
    if not text.startswith("/") or "\0" in text:
        msg = "an absolute path is needed: a night runs in no folder of yours"
        raise ValueError(msg)
    return text


Address = Annotated[str, AfterValidator(_address)]
Url = Annotated[str, Field(max_length=2000), AfterValidator(checked_url)]
AbsolutePath = Annotated[str, Field(max_length=4000), AfterValidator(_absolute)]


class _Table(BaseModel):
    # An error of pydantic would else show the value, which may hold a password.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


class Webhook(_Table):
    """An address that a JSON document is sent to."""

    url: Url | None = None
    url_from: str | None = Field(default=None, pattern=_VARIABLE)
    """Environment variable that holds the address, where the address itself is a secret."""
    secret_from: str | None = Field(default=None, pattern=_VARIABLE)
    """Environment variable that holds the secret to sign with; unsigned where it is not given."""
    on: When | None = None
    """When; else what `[tell]` says."""
    timeout_s: float = Field(default=10.0, gt=0, le=120)
    """For one attempt, from the connection to the end of the answer."""
    attempts: int = Field(default=4, ge=1, le=10)
    backoff_s: float = Field(default=2.0, ge=0, le=60)
    """Seconds between the first two attempts; twice as many before each later one."""

    @model_validator(mode="after")
    def _has_an_address(self) -> Webhook:
        if (self.url is None) == (self.url_from is None):
            msg = "give url, or url_from with the environment variable that holds it"
            raise ValueError(msg)
        return self


class Mail(_Table):
    """A letter by this computer's own sendmail."""

    to: list[Address] = Field(min_length=1, max_length=MOST_ADDRESSES)
    sender: Address | None = None
    """The address in From; else sendmail's own of this user."""
    sendmail: AbsolutePath = "/usr/sbin/sendmail"
    on: When | None = None
    timeout_s: float = Field(default=60.0, gt=0, le=600)


class Textfile(_Table):
    """A file for the textfile collector of Prometheus's node exporter; written after every night."""

    folder: AbsolutePath


class Pushgateway(_Table):
    """A Pushgateway of Prometheus; told of every night."""

    url: Url
    timeout_s: float = Field(default=10.0, gt=0, le=120)
    attempts: int = Field(default=4, ge=1, le=10)
    backoff_s: float = Field(default=2.0, ge=0, le=60)


class Tell(_Table):
    """`[tell]` of a suite. Without it nobody is told, and the night's own files say everything."""

    on: When = "regression"
    share: Share = "aliases"
    webhook: list[Webhook] = Field(default=[], max_length=20)
    mail: Mail | None = None
    textfile: Textfile | None = None
    pushgateway: Pushgateway | None = None
