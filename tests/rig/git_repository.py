"""A real repository with commits of a model, for tests; LFS where it is asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

HOW_TO_GET_IT = "apt install git git-lfs"


def missing_parts(*, lfs: bool = False) -> str | None:
    """Why none can be made here, or None."""
    for program in ("git", "git-lfs") if lfs else ("git",):
        if shutil.which(program) is None:
            return f"no {program} on this machine: {HOW_TO_GET_IT}"
    return None


class GitRepository:
    """A checkout with an identity of its own; nothing of this machine's user's configuration is read or written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
        }
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str) -> str:
        """Run git there."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def track_with_lfs(self, pattern: str) -> None:
        """From now on such files are kept by LFS."""
        self.git("lfs", "install", "--local")
        self.git("lfs", "track", pattern)
        self.git("add", ".gitattributes")

    def commit(self, message: str, **files: bytes) -> str:
        """Write files (`model.onnx` as model_onnx), commit; the commit's hash."""
        for name, content in files.items():
            path = self.folder / name.replace("__", "/").replace("_onnx", ".onnx")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            self.git("add", str(path.relative_to(self.folder)))
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")
