"""A shell that lies: `python3 lying_shell.py LIE`, in the place of the client that opens a shell on a device.

It reads the token and the script as the real bootstrap does (see `devices.posix.shell_session`), and answers what it
likes.
"""

import sys
from itertools import repeat

MEGABYTE = b"x" * (1 << 20)


def tell(stream, *pieces):
    for piece in pieces:
        stream.write(piece)
        stream.flush()


def marked(token, number, payload=(), end=b"0"):
    """The marks around what is said on both streams."""
    begin = token + b" begin " + number + b"\n"
    tell(sys.stderr.buffer, begin)
    tell(sys.stdout.buffer, begin)
    for piece in payload:
        tell(sys.stdout.buffer, piece)
    tell(sys.stderr.buffer, token + b" end " + end + b"\n")
    tell(sys.stdout.buffer, token + b" end " + end + b"\n")


LIES = {
    "a process id of 5000 digits": lambda token: marked(token, b"9" * 5000),
    "a process id that is a word": lambda token: marked(token, b"many"),
    "a process id in superscript": lambda token: marked(token, "²".encode()),
    "an exit code of 5000 digits": lambda token: marked(token, b"1", end=b"9" * 5000),
    "an exit code without end": lambda token: tell(
        sys.stdout.buffer, token + b" begin 1\n", token + b" end ", *repeat(MEGABYTE, 400)
    ),
    "a greeting without end": lambda token: tell(sys.stdout.buffer, *repeat(MEGABYTE, 400)),
    "an answer without end": lambda token: marked(token, b"1", payload=repeat(MEGABYTE, 400)),
    "errors without end": lambda token: tell(
        sys.stderr.buffer, token + b" begin 1\n", *repeat(MEGABYTE, 400)
    ),
}  # fmt: skip

if __name__ == "__main__":
    LIES[sys.argv[1]](sys.stdin.buffer.readline().rstrip(b"\n"))
