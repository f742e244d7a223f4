"""One call of the user's own `git`: an argument list, no prompt, nothing of the repository's that is executed.

A repository may be a stranger's. Its hooks, its file-system monitor and its text converters do not run; what is asked
for is asked for by plumbing commands that run none of them anyway. Only what is fetched (`fetch = true` in the suite)
goes by the repository's own configuration, which may name programs: so that is asked for by whoever trusts it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from harness.errors import UserError
from harness.words.printable import printable

LOCAL_TIMEOUT_S: Final = 60.0
FETCH_TIMEOUT_S: Final = 900.0
_MOST_SAID: Final = 300

_SETTINGS: Final = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.pager": "cat",
    "core.alternateRefsCommand": "true",
    "protocol.ext.allow": "never",
    "log.showSignature": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "fetch.recurseSubmodules": "false",
}
_FORGOTTEN: Final = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_CONFIG_PARAMETERS",
    "GIT_EXTERNAL_DIFF",
    "GIT_TRACE",
    "GIT_LFS_SKIP_SMUDGE",
)
"""Where this command was itself started by git (a hook), these would speak of another repository."""


@dataclass(frozen=True)
class Said:
    """What git said."""

    exit_code: int
    stdout: bytes
    stderr: str

    @property
    def reason(self) -> str:
        """The first line that says something, made fit to be shown."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        said = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "")
        return printable(said.removeprefix("fatal: ").removeprefix("error: "))[:_MOST_SAID]


@dataclass(frozen=True)
class GitFolder:
    """A repository on this computer: a checkout, or a bare one."""

    path: Path
    shown: str
    """What the suite calls it, without a password."""
    secret: str | None = None
    """A URL's password, which is to be shown nowhere."""
    remote: str | None = None
    """Where it is fetched from, for one that bakeoff keeps; None for a checkout, which knows it itself."""

    def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        into: IO[bytes] | None = None,
        may_fetch: bool = False,
        timeout_s: float = LOCAL_TIMEOUT_S,
    ) -> Said:
        """Run `git` there; what it prints goes `into` a file where there is one.

        Raises `UserError` where there is no git, where it takes too long, and where it refuses a folder of another
        user's.
        """
        command = ["git", "--no-pager", "--literal-pathspecs", "-C", os.fspath(self.path), *arguments]
        settings = dict(_SETTINGS)
        if self.remote is not None:
            settings["remote.origin.url"] = self.remote
        try:
            done = subprocess.run(
                command,
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                stdout=subprocess.PIPE if into is None else into,
                stderr=subprocess.PIPE,
                env=_environment(settings, self.path, may_fetch=may_fetch),
                timeout=timeout_s,
                check=False,
            )
        except FileNotFoundError:
            raise UserError("git is not there, and a model is to be taken from it", "Install git.") from None
        except subprocess.TimeoutExpired:
            raise UserError(
                f"{self.shown}: git {arguments[0]} did not end in {timeout_s:.0f} s",
                "Is the network, or the disk that the repository is on, there?",
            ) from None
        said = Said(done.returncode, done.stdout or b"", self._without_secret(done.stderr.decode("utf-8", "replace")))
        if said.exit_code != 0 and "dubious ownership" in said.stderr:
            raise UserError(
                f"{self.shown}: belongs to another user, and git refuses to read it",
                f"If you trust it: git config --global --add safe.directory {self.path}",
            )
        return said

    def _without_secret(self, text: str) -> str:
        return text.replace(self.secret, "***") if self.secret else text


def git_lfs_is_there() -> bool:
    """Whether `git lfs` can be called."""
    return shutil.which("git-lfs") is not None


def _environment(settings: Mapping[str, str], path: Path, *, may_fetch: bool) -> dict[str, str]:
    """Settings go by the environment: on the command line everybody on this computer could read a URL's password."""
    environment = {name: value for name, value in os.environ.items() if name not in _FORGOTTEN}
    environment |= {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS": "true",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        # Not the repository that a folder happens to lie in.
        "GIT_CEILING_DIRECTORIES": os.fspath(path.parent),
    }
    if not may_fetch:
        environment["GIT_NO_LAZY_FETCH"] = "1"
    if "GIT_SSH_COMMAND" not in environment and "GIT_SSH" not in environment:
        environment["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes"
    environment["GIT_CONFIG_COUNT"] = str(len(settings))
    for place, (name, value) in enumerate(settings.items()):
        environment[f"GIT_CONFIG_KEY_{place}"], environment[f"GIT_CONFIG_VALUE_{place}"] = name, value
    return environment
