"""The items: inputs and masks matched by stem, of one size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.errors import UserError
from harness.tasks.fingerprint import file_sha256
from harness.tasks.image_file import SUFFIXES, image_size
from harness.tasks.input_folder import by_stem, files_in
from harness.tasks.model_input.items import InputItem, read_input_whole, suffixes_of, with_header
from harness.tasks.pairing import refuse_unpaired
from harness.tasks.read_each import read_each
from harness.tasks.segmentation.masks import read_mask, refuse_unknown_classes
from harness.tasks.segmentation.options import Data
from harness.tasks.task import Advance, Resolve


def find_items(data: Data, resolve: Resolve) -> list[InputItem]:
    """Inputs with their masks, by name. Raises `UserError`."""
    inputs, masks = resolve(data.inputs), resolve(data.references)
    given = by_stem(files_in(inputs, suffixes_of(data.content)), inputs)
    expected = by_stem(files_in(masks, SUFFIXES), masks)
    refuse_unpaired(given, expected, inputs, masks)
    if not given:
        raise UserError(f"{inputs}: holds no {data.content}")
    items = []
    for stem in sorted(given)[: data.limit]:
        scene = stem.split(data.scene_separator)[0] if data.scene_separator else stem
        item = with_header(InputItem(stem, scene, given[stem], expected[stem]), data.content)
        size = image_size(item.reference_path)
        if item.input_size is not None and not resizes(data) and size != item.input_size:
            raise UserError(
                f"{item.reference_path}: is {_size(size)}, and its input {item.input_path.name} is"
                f" {_size(item.input_size)}",
                "A mask has the size of its input, or of what the model puts out: nothing is resized.",
            )
        refuse_unknown_classes(item.reference_path, read_mask(item.reference_path), len(data.classes), data.ignore)
        items.append(item)
    return items


def resizes(data: Data) -> bool:
    """Whether the model is given another size than the input's: masks are then of the output's."""
    return data.tensor.resize is not None or data.tensor.crop is not None


def read_items(items: Sequence[InputItem], advance: Advance) -> list[InputItem]:
    """Every input and mask read once to its end: the items again, with fingerprints. Raises `UserError`."""
    return read_each(items, advance, _read)


def _read(item: InputItem) -> InputItem:
    read_mask(item.reference_path)
    return replace(read_input_whole(item), reference_sha256=file_sha256(item.reference_path))


def _size(size: tuple[int, int]) -> str:
    return f"{size[1]}×{size[0]}"
