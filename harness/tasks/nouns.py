"""What people call the items of a task."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Nouns:
    """The words of sentences about items."""

    singular: str
    """One item: `image`, `clip`, `example`. Its plural is regular."""
    content: str
    """What the files of items hold, in the plural: `pictures`."""
    output: str
    """What an output is read as: `a picture`."""

    @property
    def plural(self) -> str:
        """Several items: `images`."""
        return f"{self.singular}s"

    @property
    def one(self) -> str:
        """An item, with its article: `an image`."""
        return f"{'an' if self.singular[0] in 'aeiou' else 'a'} {self.singular}"
