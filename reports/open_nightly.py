"""Opens nightly.json, or says what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from harness.documents.nightly import NIGHTLY_SCHEMA, Nightly
from harness.errors import UserError
from harness.plain_file import read_plain_file

FILE_NAME: Final = "nightly.json"
MOST_BYTES: Final = 256 << 20
"""The most bytes of a nightly.json: ten thousand series of ninety nights have a tenth of that."""


def is_night(path: Path) -> bool:
    """Whether this is a nightly.json, or a folder that holds one and no run."""
    if path.is_dir():
        return (path / FILE_NAME).is_file() and not (path / "run.json").exists()
    return path.name == FILE_NAME


def nights_below(path: Path) -> list[Path]:
    """Every nightly.json of a suite's folder, which has a folder a night; empty where it is something else."""
    if not path.is_dir() or (path / FILE_NAME).exists():
        return []
    return sorted(each for each in path.glob(f"*/{FILE_NAME}") if not each.is_symlink())


def open_nightly(path: Path) -> Nightly:
    """The night in `path`: a nightly.json, or the folder that holds one.

    Raises `UserError`, which names the file, the fault and what to do next.
    """
    file = path / FILE_NAME if path.is_dir() else path
    try:
        content = read_plain_file(file, most_bytes=MOST_BYTES)
    except FileNotFoundError:
        raise UserError(f"{file}: is not there", "`bakeoff nightly` writes it when a night is done.") from None
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None
    remedy = "`bakeoff nightly` writes it; one that was cut or changed by hand cannot be read."
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, digits or lists without end
        raise UserError(f"{file}: is not JSON: {str(error)[:200]}", remedy) from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != NIGHTLY_SCHEMA:
        found = "names no schema" if not isinstance(schema, str) else f"is of the schema {schema[:60]!r}"
        raise UserError(f"{file}: {found}", f"This bakeoff reads {NIGHTLY_SCHEMA!r}.")
    try:
        return Nightly.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise UserError(f"{file}: cannot be understood: {place}: {first['msg']}{more}", remedy) from None
