"""The python runner as one file: a stored zip that `python3 BLOB plan.json records.jsonl` runs.

Stored, since a board's Python may lack zlib; the same sources give the same bytes, so that it is pushed once.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Final

from devices.cache import cache_folder, write_in_cache

_PACKAGE: Final = Path(__file__).resolve().parent
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip can hold: a file's own would change the bundle's hash from checkout to checkout."""
_START: Final = """import sys

from devices.python_runner.__main__ import main

sys.exit(main(sys.argv[1:]))
"""


def bundle() -> Path:
    """The bundle as a file in the cache, by its content's hash: another checkout's does not take its place while this
    one is in use. Raises OSError.
    """
    content = bundle_bytes()
    path = cache_folder() / "python_runner" / f"bakeoff-runner-{hashlib.sha256(content).hexdigest()[:16]}.zip"
    if not path.is_file() or path.read_bytes() != content:
        write_in_cache(path, content)
    return path


def bundle_bytes() -> bytes:
    """The zip's content."""
    files = {"__main__.py": _START.encode(), "devices/__init__.py": b"", "devices/browsers/__init__.py": b""}
    files["devices/browsers/settings_names.py"] = (_PACKAGE.parent / "browsers" / "settings_names.py").read_bytes()
    for path in sorted(_PACKAGE.rglob("*.py")):
        if path != Path(__file__).resolve():
            files[f"devices/python_runner/{path.relative_to(_PACKAGE).as_posix()}"] = path.read_bytes()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content)
    return made.getvalue()
