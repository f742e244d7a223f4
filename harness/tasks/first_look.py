"""What a few items showed that were put through a model on this machine, before any device was asked."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class FirstLook:
    """Of one arm."""

    said: str | None = None
    """What came of it, or why nothing was looked at: stands behind the arm's name and a colon."""
    doubts: list[str] = field(default_factory=list)
    """Ends of sentences that begin with the arm's name: its scores will be doubted."""
    suspicion: str | None = None
    """Such a one that only running the model again could find: how its input is to be written. Kept for the rules."""

    def told(self) -> list[str]:
        """Every doubt."""
        return [*self.doubts, *([self.suspicion] if self.suspicion is not None else [])]
