"""What of a text is private: words known of a run (its devices' addresses, users, serial numbers), and whatever looks
like an address or an absolute path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from devices.errors import PermanentError
from devices.identity import Identity
from devices.ssh.address import SCHEME, parse_ssh_address
from harness.documents.folder import safe_name
from reports.inert_text import REPLACEMENT

USER, HOST, NAME, ADDRESS, PLACE, ID = "[user]", "[host]", "[name]", "[address]", "[path]", "[id]"
"""What stands in the place of what was left out."""

_TELL_NOTHING: Final = frozenset(
    {
        *("bakeoff", "root", "pi", "user", "users", "admin", "administrator", "ubuntu", "debian", "fedora"),
        *("android", "shell", "system", "nobody", "guest", "test", "build", "ci", "runner"),
        *("jenkins", "home", "data", "local", "localhost", "device", "phone", "board", "host"),
        *("machine", "raspberrypi", "model", "image", "latency", "adb", "ssh", "none", "emulator"),
        *("path", "address", "share", "shared", "copy", "and", "for", "not", "the"),
    }
)
"""Names that many users and hosts have, and words of bakeoff's own: alone they tell nothing."""
_SHORTEST_NAME: Final = 3
"""A shorter name of a user or host would be found all over a text; it is left out in addresses and paths alone."""
_SHORTEST_ANYWHERE: Final = 6
"""Shorter serial numbers are looked for as words, not inside of others."""

_LOGIN_NAME = r"[A-Za-z0-9_](?:[\w.+$-]*[\w$])?"
_URL = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>`]*[^\s'\"<>`.,;:!?)\]]")
_LOGIN = re.compile(rf"(?<![\w.+-]){_LOGIN_NAME}@(?:\[[0-9A-Fa-f:.%]+\]|{_LOGIN_NAME})(?::[0-9]+)?")
_HOME = re.compile(r"(?:/(?:export/|var/)?home/|/Users/|\\Users\\)([\w.+-]*[\w+-])")
_PART = r"[^\s/\\'\"`<>|,;:()\[\]{}]+"
_PATH = re.compile(
    rf"(?<![\w.…/\\~<>\]-])(?:~[\w.+-]*)?(?:/(?:{_PART}(?: {_PART}){{0,2}}(?=/))?)*/{_PART}"
    rf"|(?<!\w)(?:[A-Za-z]:|\\)\\(?:{_PART}(?: {_PART}){{0,2}}\\)*{_PART}"
)
_SYSTEM = re.compile(
    r"/(?:proc|sys|etc|bin|sbin|lib|lib64|system|vendor|apex|product|usr/(?:bin|sbin|lib|lib64|share|include))(?![\w.-])"
    r"|/dev/\w+(?![\w/.-])"
)
"""Places that every machine has."""
_FILE = re.compile(
    r"[\w.+-]+\.(?:onnx|ort|tflite|pt|pth|pte|so(?:\.\d+)*|npy|png|jpe?g|jsonl?|toml|py|sh|log|parquet|csv|txt|html)"
)
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_NO_VERSION = "".join(f"(?<!{name}/)" for name in ("Chrome", "Chromium", "Edg", "EdgA", "OPR", "SamsungBrowser"))
"""A browser's word for itself has versions like 156.0.0.0, which are no addresses."""
_IPV4 = re.compile(rf"(?<![\w.=]){_NO_VERSION}(?:{_OCTET}\.){{3}}{_OCTET}(?::\d{{1,5}})?(?!\w|\.\d)")
_IPV6_OR_MAC = re.compile(
    r"(?<![\w:.])\[?(?:(?:[0-9A-Fa-f]{0,4}:){4,7}[0-9A-Fa-f]{0,4}|(?:[0-9A-Fa-f]{1,4}:)+(?::[0-9A-Fa-f]{1,4})+|"
    r"::[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4})*)(?:%\w+)?(?:\](?::\d+)?|(?![\w:]))"
)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
"""What a boot id, and many another id of a machine, looks like."""
_INNER_HOST = re.compile(
    r"(?<![\w.-])(?:[A-Za-z0-9-]+\.)+(?:local|lan|internal|intranet|intra|home|corp|localdomain)(?![\w-])"
)
_BUILDER = re.compile(r"(?<=\beng\.)[A-Za-z][\w-]*")
"""Who built an Android that is no release: its fingerprint says so."""

_OPEN, _CLOSE = "\ue010", "\ue011"
"""Around the number of a text that is done: characters of nobody's."""


@dataclass(frozen=True)
class PrivateWords:
    """What to leave out, with what stands in its place."""

    devices: Mapping[str, str]
    """A device's name as it was given → what it is called."""
    anywhere: Mapping[str, str]
    """Left out also inside of words."""
    hosts: Mapping[str, str]
    users: frozenset[str]
    kept: frozenset[str] = frozenset()
    """Names of arms that only look like a login."""
    _patterns: dict[str, re.Pattern[str]] = field(default_factory=dict, repr=False, compare=False)

    def calling(self, names: Mapping[str, str]) -> PrivateWords:
        """The same, with other names for the devices."""
        return replace(self, devices=dict(names), _patterns={})

    def without(self, text: str) -> str:
        """The text with nothing private in it."""
        done: list[str] = []

        def as_done(_: re.Match[str], words: str) -> str:
            done.append(words)
            return f"{_OPEN}{len(done) - 1}{_CLOSE}"

        text = text.replace(_OPEN, REPLACEMENT).replace(_CLOSE, REPLACEMENT)
        called = {name: name for name in (*self.devices.values(), *self.kept)}
        # An address may go on: a port, a folder.
        goes_on = r"(?:[:/][\w./~%:@+-]*\w)?(?![A-Za-z0-9])"
        text = self._replaced("devices", self.devices, text, as_done, after=goes_on)
        text = self._replaced("called", called, text, as_done, before=r"(?<![\w.-])", after=r"(?![\w-])")
        text = self._replaced("anywhere", self.anywhere, text, as_done)
        for pattern, words in ((_URL, ADDRESS), (_BUILDER, USER), (_UUID, ID)):
            text = pattern.sub(words, text)
        text = _PATH.sub(_place, text)
        for pattern, words in ((_LOGIN, ADDRESS), (_IPV4, ADDRESS), (_IPV6_OR_MAC, ADDRESS), (_INNER_HOST, HOST)):
            text = pattern.sub(words, text)
        is_word, domain = r"(?<![A-Za-z0-9])", r"(?:\.[A-Za-z][\w-]*)*(?![A-Za-z0-9])"
        text = self._replaced("hosts", self.hosts, text, as_done, before=is_word, after=domain)
        of_users = dict.fromkeys(self.users, USER)
        text = self._replaced("users", of_users, text, as_done, before=is_word, after=r"(?![A-Za-z0-9])")
        return re.sub(f"{_OPEN}(\\d+){_CLOSE}", lambda found: done[int(found[1])], text)

    def _replaced(
        self,
        what: str,
        words: Mapping[str, str],
        text: str,
        as_done: Callable[[re.Match[str], str], str],
        *,
        before: str = "",
        after: str = "",
    ) -> str:
        if not words:
            return text
        if what not in self._patterns:
            longest_first = sorted(words, key=lambda word: (-len(word), word))
            one = "|".join(map(re.escape, longest_first))
            self._patterns[what] = re.compile(f"{before}({one}){after}", re.IGNORECASE)
        by_small_letters = {word.casefold(): instead for word, instead in words.items()}
        return self._patterns[what].sub(lambda found: as_done(found, by_small_letters[found[1].casefold()]), text)


def private_words_of(
    devices: Sequence[tuple[str, Identity | None]],
    arms: Iterable[str],
    names: Mapping[str, str],
    texts: Iterable[str],
    also_private: Iterable[str] = (),
) -> PrivateWords:
    """What is known to be private of a document. `devices` are those that it is of, by name; `names` is what they are
    called instead; whose home folders stand in `texts` is a user.
    """
    anywhere: dict[str, str] = {}
    hosts: dict[str, str] = {}
    users = set()
    for name, _ in devices:
        called = names[name]
        if name == called:
            continue
        anywhere[safe_name(name)] = called
        if name.startswith("adb:"):
            serial = name.removeprefix("adb:")
            (anywhere if len(serial) >= _SHORTEST_ANYWHERE else hosts)[serial] = called
            if ":" in serial:
                _add_host(hosts, serial.rsplit(":", 1)[0], called)
        elif name.startswith(SCHEME):
            try:
                address = parse_ssh_address(name)
            except PermanentError:
                continue
            _add_host(hosts, address.host, called)
            if address.user is not None:
                users.add(address.user)
    for name, identity in devices:
        android = identity.android if identity is not None else None
        for given in (identity.boot_id if identity is not None else None, android.serial if android else None):
            if given:
                (anywhere if len(given) >= _SHORTEST_ANYWHERE else hosts).setdefault(given, names[name])
    for word in also_private:
        _add_host(hosts, word, NAME)
    users |= {found[1] for text in texts for found in _HOME.finditer(text)}
    known = {word.casefold() for word in (*hosts, *users)}
    return PrivateWords(
        devices={name: called for name, called in names.items() if name != called},
        anywhere={word: called for word, called in anywhere.items() if _tells(word)},
        hosts={word: called for word, called in hosts.items() if _tells(word)},
        users=frozenset(user for user in users if _tells(user)),
        kept=frozenset(arm for arm in arms if _is_no_login(arm, known)),
    )


def _add_host(hosts: dict[str, str], host: str, called: str) -> None:
    hosts.setdefault(host, called)
    if "." in host and not host.replace(".", "").isdigit():
        hosts.setdefault(host.split(".", 1)[0], called)


def _tells(word: str) -> bool:
    has_letter_or_is_address = any(character.isalpha() for character in word) or "." in word or len(word) >= 6
    return len(word) >= _SHORTEST_NAME and has_letter_or_is_address and word.casefold() not in _TELL_NOTHING


def _is_no_login(name: str, known: set[str]) -> bool:
    """Such as `esrgan@int8`: nothing of it is known as a user or a host, and no domain is in it."""
    user, _, host = name.partition("@")
    is_of_two_words = re.fullmatch(r"[\w-]+@[\w-]+", name) is not None
    return is_of_two_words and not {user.casefold(), host.casefold()} & known


def _place(found: re.Match[str]) -> str:
    """A path of every machine as it is, of a file its name alone, and of anything else nothing."""
    path = found[0]
    if _SYSTEM.match(path) or not any(character.isalpha() for character in path):
        return path
    name = re.split(r"[/\\]", path.rstrip("."))[-1]
    return f"…/{name}" if _FILE.fullmatch(name) else PLACE + "." * (len(path) - len(path.rstrip(".")))
