"""A device whose shell lies: told in a line, in bounded memory."""

import sys
import tracemalloc

import pytest

from devices.errors import DeviceError, PermanentError
from devices.posix.shell import Shell
from tests.rig.hostile import lying_shell


class LyingTransport:
    """Shells of the lying program."""

    name = "ssh://liar"
    kind = "ssh"

    def __init__(self, lie: str) -> None:
        self.lie = lie

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def shell_command(self, bootstrap: str) -> list[str]:
        return [sys.executable, lying_shell.__file__, self.lie]

    def ended_early(self, exit_code: int | None, text: str, *, began: bool) -> DeviceError:
        return PermanentError(f"{self.name}: ended early")


@pytest.mark.parametrize("lie", lying_shell.LIES)
@pytest.mark.parametrize(
    "ask",
    [
        lambda shell: shell.complete("true", what="asking", timeout_s=60.0),
        lambda shell: b"".join(shell.transfer("true", what="asking")),
    ],
    ids=["complete", "transfer"],
)
def test_a_shell_that_lies_is_told_and_costs_no_more_memory_than_an_answer_may(lie, ask):
    shell = Shell(LyingTransport(lie))
    tracemalloc.start()
    try:
        with pytest.raises(DeviceError, match=r"^ssh://liar: "):
            ask(shell)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 160 << 20
