"""What every arm made of every item, in files that people find by the item's name, and small ones for the report."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from harness.analysis.tables.ahead import done_ahead
from harness.analysis.tables.outputs import Output, load_output, read_known
from harness.documents.comparison import ItemView, ReferenceView, WorstPlace
from harness.documents.folder import RunFolder, safe_name
from harness.tasks.item_views import ItemViews, SheetRow

if TYPE_CHECKING:
    from harness.documents.manifest import Manifest, ManifestArm, ManifestItem
    from harness.runs.session.progress import Progress

Outputs = dict[str, dict[tuple[str, str], Output]]
"""Device name → (arm id, item id) → output."""

_SMALL_BYTES: Final = 850_000
"""What all small files together should take: the report carries them all, and a mail carries the report."""
_CUT_BYTES: Final = 500_000
"""Likewise what is cut out pixel by pixel."""
_SIDES: Final = ((128, 2600), (96, 1300), (72, 650), (56, 400), (48, 0))
"""Sides in pixels, each with the bytes a file of it should have."""
_CUT_SIDES: Final = ((64, 16_000), (48, 8_000), (32, 0))
"""Sides in pixels of a square, each with the bytes that its files together should have."""
_SHEET_SIDE: Final = 96
_ITEMS_OF_A_SHEET: Final = 100
_WORKERS: Final = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class Views:
    """Of all items; empty where the task shows none."""

    references: dict[str, ReferenceView] = field(default_factory=dict)
    by_device: dict[str, list[ItemView]] = field(default_factory=dict)
    contact_sheets: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Shown:
    """One item: its files, and what of it stands on the contact sheets."""

    reference: ReferenceView
    by_device: dict[str, ItemView]
    rows: dict[str, SheetRow]


def draw_views(folder: RunFolder, manifest: Manifest, outputs: Outputs, progress: Progress) -> Views:
    """Write the files of every item; what an earlier analysis wrote is gone. An output that cannot be read has none:
    its scores say why.

    Raises `UserError` where an item was changed since the run, and OSError where the disk does not take a file.
    """
    for home in (folder.items, folder.gallery / "small"):
        shutil.rmtree(home, ignore_errors=True)
    views = manifest.experiment.task.views
    if views is None or not manifest.items:
        return Views()
    work = _Work(folder, manifest, outputs, views)
    references: dict[str, ReferenceView] = {}
    by_device: dict[str, list[ItemView]] = {entry.name: [] for entry in manifest.devices}
    sheets: dict[str, list[str]] = {entry.name: [] for entry in manifest.devices}
    rows: dict[str, list[SheetRow]] = {entry.name: [] for entry in manifest.devices}
    workers = min(_WORKERS, manifest.experiment.task.most_at_once or _WORKERS)
    for number, (item, shown) in enumerate(
        zip(manifest.items, done_ahead(work.show, manifest.items, workers), strict=True)
    ):
        is_last = number + 1 == len(manifest.items)
        if shown is not None:
            references[item.stem] = shown.reference
            for name, view in shown.by_device.items():
                by_device[name].append(view)
                rows[name].append(shown.rows[name])
        for name, some in rows.items():
            if some and (is_last or len(some) == _ITEMS_OF_A_SHEET):
                sheets[name].append(work.write_sheet(name, len(sheets[name]), some, is_only=is_last))
                some.clear()
        progress.advance("this machine", "drawing", number + 1, len(manifest.items))
    return Views(references, by_device, sheets)


class _Work:
    """What is the same for all items."""

    def __init__(self, folder: RunFolder, manifest: Manifest, outputs: Outputs, views: ItemViews) -> None:
        self._folder, self._manifest, self._outputs, self._views = folder, manifest, outputs, views
        self._homes = {entry.name: f"device-{place + 1}" for place, entry in enumerate(manifest.devices)}
        self._arms = _names([arm.name for arm in manifest.arms], taken=[])
        self._items = _names([item.stem for item in manifest.items], taken=[])
        files = len(manifest.items) * (1 + len(manifest.devices) * len(manifest.arms))
        self._small_bytes = _SMALL_BYTES // files
        self._side = next(side for side, least in _SIDES if self._small_bytes >= least)
        squares = len(manifest.items) * len(manifest.devices) * max(1, len(manifest.arms) - 1)
        self._cut_side = next(side for side, least in _CUT_SIDES if _CUT_BYTES // squares >= least)

    def show(self, item: ManifestItem) -> _Shown | None:
        """Write the files of one item; None where it has nothing to show. Outputs that are equal, byte by byte, are
        drawn once.
        """
        given, reference = read_known(self._manifest, item)
        name = self._items[item.stem]
        reference = self._views.as_shown(self._manifest.arms[0].codec, given, reference)
        if reference is None:
            return None
        whole, small = self._write(f"reference/{name}", reference)
        drawn: dict[tuple[str, ...], tuple[Any, str, str]] = {}
        by_device, rows = {}, {}
        for entry in self._manifest.devices:
            view = ItemView(item=item.stem)
            shown: dict[str, Any] = {}
            for arm in self._manifest.arms:
                output = self._outputs[entry.name].get((arm.id, item.id))
                if output is None:
                    continue
                place = f"{self._homes[entry.name]}/{self._arms[arm.name]}/{name}"
                key = (arm.id, *(file.sha256 for file in output.files))
                if key not in drawn:
                    made = self._decoded(arm, output, given)
                    if made is None:
                        continue
                    drawn[key] = (made, *self._write(place, made))
                made, first, small_of_it = drawn[key]
                shown[arm.name] = made
                view.whole[arm.name] = self._same_file(first, place)
                view.small[arm.name] = small_of_it
            self._cut_worst(view, self._homes[entry.name], name, reference, shown)
            by_device[entry.name] = view
            on_sheet = [reference, *(shown.get(arm.name) for arm in self._manifest.arms)]
            rows[entry.name] = SheetRow(
                item.stem, [None if one is None else self._views.small(one, _SHEET_SIDE) for one in on_sheet]
            )
        return _Shown(ReferenceView(whole=whole, small=small), by_device, rows)

    def write_sheet(self, device: str, number: int, rows: Sequence[SheetRow], *, is_only: bool) -> str:
        """A contact sheet of a device; the first one has no number where it `is_only` one."""
        part = "" if is_only and number == 0 else f"-{number + 1}"
        path = self._folder.items / f"contact-sheet-{self._homes[device]}{part}{self._views.whole_suffix}"
        self._views.write_sheet(path, ["reference", *self._arms], rows)
        return str(path.relative_to(self._folder.path))

    def _decoded(self, arm: ManifestArm, output: Output, given: Any) -> Any | None:
        task = self._manifest.experiment.task
        try:
            made = task.decode(arm.codec, load_output(task, arm, output, given), given)
            return self._views.as_shown(arm.codec, given, made)
        except (OSError, ValueError):
            return None

    def _write(self, place: str, shown: Any) -> tuple[str, str]:
        """The files of one shown thing, whole and small."""
        whole = self._folder.items / f"{place}{self._views.whole_suffix}"
        small = self._folder.gallery / "small" / f"{place}{self._views.small_suffix}"
        for path in (whole, small):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._views.write_whole(whole, shown)
        small.write_bytes(self._views.encode_small(self._views.small(shown, self._side), self._small_bytes))
        return str(whole.relative_to(self._folder.path)), str(small.relative_to(self._folder.path))

    def _same_file(self, first: str, place: str) -> str:
        """Where a device finds what another one has put out alike: one file by two names, where the disk can."""
        source, path = self._folder.path / first, self._folder.items / f"{place}{self._views.whole_suffix}"
        if path != source:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, path)
            except OSError:
                shutil.copyfile(source, path)
        return str(path.relative_to(self._folder.path))

    def _cut_worst(self, view: ItemView, home: str, name: str, reference: Any, shown: dict[str, Any]) -> None:
        baseline, *candidates = self._manifest.arms
        for arm in candidates:
            if baseline.name not in shown or arm.name not in shown:
                continue
            made = {"baseline": shown[baseline.name], "candidate": shown[arm.name], "reference": reference}
            place = self._views.worst_place(reference, made["baseline"], made["candidate"], self._cut_side)
            if place is None:
                continue
            files = {}
            for role, one in made.items():
                path = self._folder.gallery / "small" / home / "worst" / self._arms[arm.name]
                path.mkdir(parents=True, exist_ok=True)
                file = path / f"{name}-{role}{self._views.cut_suffix}"
                file.write_bytes(self._views.cut(one, place))
                files[role] = str(file.relative_to(self._folder.path))
            left, top, side = place
            view.worst[arm.name] = WorstPlace(left=left, top=top, side=side, files=files)


def _names(texts: Sequence[str], taken: list[str]) -> dict[str, str]:
    """Text → a file name of its own, also where a disk makes no difference between `A` and `a`."""
    names: dict[str, str] = {}
    for text in texts:
        base = safe_name(text, limit=80)
        name, number = base, 1
        while name.casefold() in taken:
            number += 1
            name = f"{base}-{number}"
        names[text] = name
        taken.append(name.casefold())
    return names
