"""The public Maven repositories where makers publish their archives: asked where the user names none.

The addresses are those that a Gradle build asks by `mavenCentral()` and `google()`. A group of archives is asked for in
its own repository alone, so that nobody else's archive can answer to its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class PublicRepository:
    """A repository that anybody may read, as people call it and where it is."""

    name: str
    url: str


MAVEN_CENTRAL: Final = PublicRepository("Maven Central", "https://repo.maven.apache.org/maven2")
GOOGLE: Final = PublicRepository("Google's Maven repository", "https://dl.google.com/dl/android/maven2")

PUBLIC: Final[dict[str, PublicRepository]] = {
    "com.microsoft.onnxruntime": MAVEN_CENTRAL,
    "com.google.ai.edge.litert": GOOGLE,
}
"""Group of archives → the repository that its makers publish them in."""
