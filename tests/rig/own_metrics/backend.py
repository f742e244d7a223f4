"""Builds the package beside it without any other: what a wheel is, in the standard library's own words."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

NAME, VERSION = "sharpness-of-ours", "1.2.3"
INFO = f"sharpness_of_ours-{VERSION}.dist-info"


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    name = f"sharpness_of_ours-{VERSION}-py3-none-any.whl"
    here = Path(__file__).parent
    entries = "".join(f"{line}\n" for line in (here / "entry_points.txt").read_text().splitlines())
    files = {
        "sharpness_of_ours.py": (here / "sharpness_of_ours.py").read_text(),
        "ends_the_program.py": "raise SystemExit('bye')\n",
        "crashes_when_loaded.py": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n",
        "hangs_when_loaded.py": "import os, time\nwhile os.environ.get('HANGS'):\n    time.sleep(0.1)\n",
        f"{INFO}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n",
        f"{INFO}/WHEEL": "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{INFO}/entry_points.txt": entries,
    }
    record = "".join(f"{file},,\n" for file in [*files, f"{INFO}/RECORD"])
    with zipfile.ZipFile(Path(wheel_directory) / name, "w") as wheel:
        for file, text in {**files, f"{INFO}/RECORD": record}.items():
            wheel.writestr(file, text)
    return name
