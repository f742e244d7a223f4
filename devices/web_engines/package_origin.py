"""Where the files of a package of npm are from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class PackageOrigin(BaseModel):
    """Kept beside the files in the cache, and in the record of a run that used them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    archive_sha256: str | None
    """Null where the files were named in a folder that somebody unpacked."""
    integrity: str | None
    """The text that npm says; null for what npm did not fetch."""
    source: str
    """`npm`, or the file or folder that the user named."""
