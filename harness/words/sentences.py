"""Parts of sentences."""

from __future__ import annotations


def sentence(text: str) -> str:
    """Capital first letter, full stop at the end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def clause(text: str) -> str:
    """A sentence as it stands after a colon: an ordinary first word loses its capital, a name or acronym keeps it."""
    head = text[:2]
    return text[:1].lower() + text[1:] if len(head) == 2 and head[1].islower() else text


def counted(count: int, noun: str) -> str:
    """`1 pair`, `20 pairs`, `1,200 scenes`."""
    return f"{count:,} {noun if count == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """`pairs`, `launches`, `pairs of blocks`."""
    head, of, tail = noun.partition(" of ")
    return f"{head}{'es' if head.endswith(('s', 'ch')) else 's'}{of}{tail}"


def listed(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def named(names: list[str], most: int = 3) -> str:
    """`a`, `a, b and c`, `a, b, c and 9 more`."""
    if len(names) <= most:
        return listed(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def items_named(items: list[str], noun: str) -> str:
    """`2 frames (a and b)`, by name."""
    return f"{counted(len(items), noun)} ({named(sorted(items))})"


def cores_in_words(cores: list[int] | str) -> str:
    """`4–7`, `0, 2–3`; a kind of cores as it is."""
    if isinstance(cores, str):
        return cores
    runs: list[list[int]] = []
    for core in sorted(cores):
        if runs and core == runs[-1][-1] + 1:
            runs[-1].append(core)
        else:
            runs.append([core])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
