"""Lines of a text that may have been cut."""

from __future__ import annotations


def whole_lines(text: str) -> list[str]:
    """The lines that end in a line end, without it. LF, CR LF and CR CR LF are seen. What follows the last line end is
    left out: nobody knows how it would have gone on.
    """
    return [line.rstrip("\r") for line in text.split("\n")[:-1]]


def last_line(text: str) -> str:
    """What follows the last line end; empty where the text ends with one."""
    return text.rpartition("\n")[2].rstrip("\r")


def looks_binary(text: str) -> bool:
    """Whether control characters or bytes that were no UTF-8 stand where text was expected."""
    return any(char == "\ufffd" or (char < " " and char not in "\t\n\r\x1b") for char in text[:4096])
