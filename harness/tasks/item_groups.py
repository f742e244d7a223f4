"""Groups of items that a decision is looked at in by itself: night, faces, text.

They are declared as `data.groups`: `"folders"`, where the inputs lie in one folder each (inputs/night/…), or a CSV
file with the columns `item` and `tag`, a line for each tag of an item.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Protocol, TypeVar

from pydantic import Field

from harness.csv_rows import csv_rows
from harness.errors import UserError
from harness.plain_file import read_plain_file
from harness.tasks.item import TaskItem

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.tasks.task_data import ItemData

FOLDERS: Final = "folders"
"""What `data.groups` says where folders are the groups."""
MOST_GROUPS: Final = 64
MOST_NAME_CHARACTERS: Final = 100
GroupName = Annotated[str, Field(min_length=1, max_length=MOST_NAME_CHARACTERS)]
"""What a group is called: text in one line."""

_HEADER: Final = ("item", "tag")
_MOST_BYTES: Final = 16 << 20
_REMEDY: Final = "Its first line is item,tag and every other names an item and one of its tags, such as image07,night."

ItemT = TypeVar("ItemT", bound=TaskItem)


def folders_of_items(folder: Path, data_groups: str | None) -> list[Path]:
    """Where items lie: the folder itself, and where folders are groups those directly in it, by name."""
    if data_groups != FOLDERS or not folder.is_dir():
        return [folder]
    return [folder, *sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))]


def with_groups(items: Sequence[ItemT], data: ItemData, resolve: Callable[[str], Path], noun: str) -> list[ItemT]:
    """The items with their groups. `noun` is what an item is called.

    Raises `UserError` for groups that are not there, a file that is none of tags, and tags of unknown items, which are
    ignored where `data.limit` leaves items out.
    """
    if data.groups is None:
        return list(items)
    if data.groups == FOLDERS:
        found = _by_folder(items, resolve(data.inputs))
    else:
        path = resolve(data.groups)
        tags = read_tags(path)
        known = {item.stem for item in items}
        unknown = next((item for item in tags if item not in known), None)
        if unknown is not None and data.limit is None:
            near = difflib.get_close_matches(unknown, known, n=1, cutoff=0.6)
            others = sum(item not in known for item in tags) - 1
            more = f" (and {others:,} more are unknown)" if others else ""
            raise UserError(
                f"{path}: there is no {noun} {unknown!r}{more}",
                f"Did you mean {near[0]!r}?" if near else f"Items are named by stem, as {min(known)!r} is.",
            )
        found = {item: groups for item, groups in tags.items() if item in known}
        if not found:
            raise UserError(f"{path}: tags none of the {noun}s", _REMEDY)
    return [replace(item, groups=tuple(found.get(item.stem, ()))) for item in items]


class _Grouped(Protocol):
    """An item of a task or of a manifest."""

    @property
    def stem(self) -> str: ...

    @property
    def groups(self) -> Sequence[str]: ...


def groups_of(items: Sequence[_Grouped]) -> dict[str, list[str]]:
    """Group → stems of its items, by name."""
    found: dict[str, list[str]] = {}
    for item in items:
        for group in item.groups:
            found.setdefault(group, []).append(item.stem)
    return {group: found[group] for group in sorted(found)}


def _by_folder(items: Sequence[TaskItem], inputs: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for item in items:
        folder = item.input_path.parent
        if folder != inputs:
            found[item.stem] = (checked_name(folder.name, str(folder)),)
    if not found:
        raise UserError(
            f'{inputs}: data.groups is "folders", and no item lies in a folder there',
            f"Put the items of a group into a folder of its name: {inputs.name}/night/…",
        )
    _refuse_many({group for own in found.values() for group in own}, str(inputs))
    return found


def read_tags(path: Path) -> dict[str, tuple[str, ...]]:
    """Item → its tags, each once, of a CSV file with the columns `item` and `tag`. Raises `UserError`."""
    tags: dict[str, dict[str, None]] = {}
    for place, row in csv_rows(_content(path), path, _HEADER, _REMEDY):
        where = f"{path}: line {place}"
        if len(row) != len(_HEADER):
            raise UserError(f"{where}: does not have 2 columns but {len(row)}", _REMEDY)
        item, tag = (cell.strip() for cell in row)
        if not item or not tag:
            raise UserError(f"{where}: the {'tag' if item else 'item'} is empty", "Fill it in, or take the line out.")
        tags.setdefault(item, {})[checked_name(tag, where)] = None
    if not tags:
        raise UserError(f"{path}: holds no tags", _REMEDY)
    _refuse_many({tag for own in tags.values() for tag in own}, str(path))
    return {item: tuple(own) for item, own in tags.items()}


def _content(path: Path) -> bytes:
    try:
        return read_plain_file(path, most_bytes=_MOST_BYTES)
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such file, and data.groups names it",
            f'Name a CSV file of tags, or write groups = "{FOLDERS}" where each group has a folder.',
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def checked_name(name: str, where: str) -> str:
    """The name of a group. Raises `UserError` for what is no text of one line, or too long."""
    if not name.isprintable():
        raise UserError(f"{where}: {name[:MOST_NAME_CHARACTERS]!r} is no name for a group", "Use letters and digits.")
    if len(name) > MOST_NAME_CHARACTERS:
        raise UserError(
            f"{where}: the name of a group has {len(name)} characters, and {MOST_NAME_CHARACTERS} is the most",
            "Shorten it.",
        )
    return name


def _refuse_many(groups: set[str], where: str) -> None:
    if len(groups) > MOST_GROUPS:
        raise UserError(
            f"{where}: makes {len(groups):,} groups (such as {min(groups)!r}), and {MOST_GROUPS} are the most",
            "Each of them is tested, and the more there are the less can be said of any: keep those that matter.",
        )


def refuse_other_folders(inputs: Mapping[str, Path], references: Mapping[str, Path], reference_folder: Path) -> None:
    """Raise `UserError` where an item lies in one group among the inputs and in another among the references, which
    may also lie together.
    """
    for stem, path in inputs.items():
        other = references[stem].parent
        if other not in (reference_folder, reference_folder / path.parent.name):
            raise UserError(
                f"{path}: lies in {path.parent.name}, and its reference in {other.name}",
                "Inputs and references are matched by stem; keep both in folders of one name.",
            )
