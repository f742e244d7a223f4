"""Pages are the same whether their templates are compiled or were kept, and whatever became of what was kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from reports.compiled_templates import CompiledTemplates

SOURCES = {"page": "{% include 'part' %}, {{ name }}", "part": "Hello"}


class Counting(Environment):
    """An environment that counts what it compiles."""

    compiled = 0

    def _generate(self, *arguments, **more):
        self.compiled += 1
        return super()._generate(*arguments, **more)


def drawn(folder: Path, sources: dict[str, str] = SOURCES) -> tuple[str, int]:
    """The page, and how many templates were compiled for it."""
    environment = Counting(loader=DictLoader(sources), bytecode_cache=CompiledTemplates(folder))
    return environment.get_template("page").render(name="you"), environment.compiled


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The folder with both templates in it."""
    folder = tmp_path / "cache" / "templates"
    assert drawn(folder) == ("Hello, you", 2)
    return folder


def test_a_template_is_compiled_once(kept: Path) -> None:
    assert drawn(kept) == ("Hello, you", 0)
    assert len(list(kept.iterdir())) == 2
    assert kept.stat().st_mode & 0o777 == 0o700


def test_a_changed_template_is_compiled_anew_and_takes_the_old_one_s_place(kept: Path) -> None:
    assert drawn(kept, SOURCES | {"part": "Good evening"}) == ("Good evening, you", 1)
    assert len(list(kept.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"j2", b"x" * 1000, "half"])
def test_a_damaged_file_is_compiled_anew(kept: Path, content: bytes | str) -> None:
    for path in kept.iterdir():
        whole = path.read_bytes()
        path.write_bytes(content if isinstance(content, bytes) else whole[: len(whole) // 2])
    assert drawn(kept) == ("Hello, you", 2)
    assert drawn(kept) == ("Hello, you", 0)


def test_a_folder_that_others_may_write_to_is_not_believed(kept: Path) -> None:
    kept.chmod(0o777)
    before = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert drawn(kept) == ("Hello, you", 2)
    assert {path: path.stat().st_mtime_ns for path in kept.iterdir()} == before


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_not_believed(kept: Path) -> None:
    os.chown(kept, 65_534, 65_534)
    assert drawn(kept) == ("Hello, you", 2)


def test_a_folder_that_cannot_be_made_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for _ in range(2):
        assert drawn(tmp_path / "file" / "templates") == ("Hello, you", 2)


def test_a_user_without_a_home_has_pages_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", "~nobody-of-this-name/cache")
    environment = Counting(loader=DictLoader(SOURCES), bytecode_cache=CompiledTemplates())
    assert environment.get_template("page").render(name="you") == "Hello, you"
