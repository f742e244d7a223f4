"""Frames to tensors and back, and the state that a model carries from one frame to the next.

A frame is one inference. A state is an output that fills an input with the next frame, as it is: the same bytes, so
that both have one dtype, shape and quantisation. The first frame of a clip is given zeros.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field

from harness.errors import UserError
from harness.models.tensor_info import TensorInfo
from harness.tasks.image_to_image.codec import Codec, check_item, make_codec
from harness.tasks.parts import Carried
from harness.tasks.sequence.window import OtherFrame, Stacked, check_offsets, one_of_stacked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.tasks.sequence.dataset import Clip
    from harness.tasks.sequence.options import FrameTensor

DTYPES = {"float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint16", "uint8"}

MOST_TILED_BYTES: Final = 2 << 30
"""The most bytes of all tiles of all frames of a clip, which are held at once: a state goes along a tile first."""


class State(BaseModel):
    """One tensor of the state."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: TensorInfo
    input_index: int = Field(ge=0, le=1_000_000)
    output_index: int = Field(ge=0, le=1_000_000)

    def shape(self, symbols: Mapping[str, int]) -> tuple[int, ...]:
        """Its shape for a frame whose own symbols are known. Raises KeyError with the size that is not."""
        sizes = []
        for size in self.input.shape:
            if isinstance(size, int) and size > 0:
                sizes.append(size)
            else:
                sizes.append(symbols[str(size)])
        return tuple(sizes)

    def zeros(self, symbols: Mapping[str, int]) -> NDArray[np.generic]:
        """What a clip begins with; of a quantised tensor the level that stands for zero."""
        import numpy as np

        zero = (self.input.zero_point or 0) if self.input.scale is not None else 0
        return np.full(self.shape(symbols), zero, dtype=self.input.dtype)


class SequenceCodec(BaseModel):
    """How one arm's tensors hold clips. Kept in run.json, so that outputs can be read without the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frame: Codec
    """The codec of one frame; its output is among all of the model's."""
    inputs: list[TensorInfo]
    frame_index: int = Field(ge=0, le=1_000_000)
    """Place of the frame among the inputs."""
    states: list[State] = []
    stacked: Stacked | None = None
    """None: its input holds one frame, that of `frame`."""
    others: list[OtherFrame] = []
    """Frames that have inputs of their own."""

    def symbols(self, size: tuple[int, int]) -> dict[str, int]:
        """Sizes that the model names and a frame of (height, width), or its tile, decides."""
        size = self.frame.tiling.size if self.frame.tiling is not None else size
        shape = self.frame.input_shape(size)
        own = self.frame.input.shape
        return {named: has for named, has in zip(own, shape, strict=True) if isinstance(named, str) and named}

    def check(self, model: ModelFile, clip: Clip) -> None:
        """Whether a clip fits the model, and the shape of every state is known. Raises `UserError`."""
        check_item(model, self.frame, clip.frame)
        for other in self.others:
            check_item(model, other.codec, clip.frame)
        self._refuse_large(model, clip)
        for state in self.states:
            try:
                state.shape(self.symbols(clip.input_size))
            except KeyError as error:
                raise UserError(
                    f"{model.path}: the size {error} of its state {state.input.name!r} ({state.input.shape}) is not"
                    " known",
                    "Export the state with fixed sizes, or with the names that the frame's height and width have.",
                ) from None

    def _refuse_large(self, model: ModelFile, clip: Clip) -> None:
        tiles = self.count_tiles(clip.input_size)
        height, width = self.frame.output_size(clip.frame)
        size_bytes = clip.frames * tiles * height * width * self.frame.channels * 4
        if tiles > 1 and size_bytes > MOST_TILED_BYTES:
            raise UserError(
                f"{clip.input_path}: what {model.path} makes of it in tiles has {size_bytes / 1e9:.1f} GB; at most"
                f" {MOST_TILED_BYTES / 1e9:.1f} GB are held in memory",
                "Cut it into shorter clips.",
            )

    def count_tiles(self, size: tuple[int, int]) -> int:
        """In how many tiles a frame of (height, width) goes through the model; 1 for a whole one."""
        return self.frame.parts(size)

    def input_shapes(self, size: tuple[int, int]) -> dict[str, list[int]]:
        """Tensor → shape for frames of (height, width)."""
        symbols = self.symbols(size)
        size = self.frame.tiling.size if self.frame.tiling is not None else size
        of_one = self.frame.input_shape(size)
        found = {
            self.frame.input.name: of_one
            if self.stacked is None
            else self.stacked.shape(of_one, self.frame.input_layout)
        }
        found |= {other.codec.input.name: other.codec.input_shape(size) for other in self.others}
        return found | {state.input.name: list(state.shape(symbols)) for state in self.states}

    def encode(self, clip: NDArray[np.uint8], place: int) -> list[NDArray[np.generic] | Carried]:
        """The inputs of the inference at `place`, in the model's order. Of a clip in tiles all frames of the first tile
        come first, so that a state is carried to the same tile of the next frame.
        """
        tile, number = divmod(place, len(clip))
        size = (clip.shape[1], clip.shape[2])

        def seen(codec: Codec, offset: int) -> NDArray[np.generic]:
            return codec.encode_part(clip[min(max(number + offset, 0), len(clip) - 1)], tile)

        frame = (
            seen(self.frame, 0)
            if self.stacked is None
            else self.stacked.stack([seen(self.frame, one) for one in self.stacked.offsets], self.frame.input_layout)
        )
        found: list[NDArray[np.generic] | Carried] = [frame] * len(self.inputs)
        for other in self.others:
            found[other.input_index] = seen(other.codec, other.offset)
        for state in self.states:
            found[state.input_index] = (
                state.zeros(self.symbols(size)) if number == 0 else Carried(output=state.output_index)
            )
        return found

    def join(
        self, frames: Iterable[Sequence[NDArray[np.generic]]], clip: NDArray[np.uint8]
    ) -> list[NDArray[np.generic]]:
        """The outputs of all inferences → the clip as uint8 (frames, height, width, 3), and the output tensor of its
        middle frame. Raises ValueError, naming the frame.
        """
        import numpy as np

        made: list[NDArray[np.uint8]] = []
        middle: NDArray[np.generic] | None = None
        for place, tensor in enumerate(self._whole_frames(frames, clip)):
            try:
                made.append(self.frame.decode(tensor, clip[place]))
            except ValueError as error:
                raise ValueError(f"frame {place + 1} of {len(clip)}: {error}") from None
            if made[-1].shape != made[0].shape:
                raise ValueError(f"frame {place + 1} has another size than the first")
            if place == middle_of(len(clip)):
                middle = tensor
        if middle is None or len(made) != len(clip):
            raise ValueError(f"{len(made)} of {len(clip)} frames are there")
        return [np.stack(made), middle]

    def _whole_frames(
        self, parts: Iterable[Sequence[NDArray[np.generic]]], clip: NDArray[np.uint8]
    ) -> Iterator[NDArray[np.generic]]:
        """The output tensor of each frame, its tiles joined. Raises ValueError."""
        tiles = self.count_tiles((clip.shape[1], clip.shape[2]))
        if self.frame.tiling is None or tiles == 1:
            for place, tensors in enumerate(parts):
                if place >= len(clip):
                    raise ValueError(f"there are more than the {len(clip)} frames of this clip")
                yield tensors[0] if self.frame.tiling is None else self.frame.join([tensors[0]], clip[place])
            return
        held = [tensors[0] for tensors in parts]
        if len(held) != tiles * len(clip):
            raise ValueError(f"{len(held)} of the {tiles * len(clip)} tiles of all frames are there")
        for place, frame in enumerate(clip):
            yield self.frame.join(held[place :: len(clip)], frame)


def middle_of(frames: int) -> int:
    """The frame that stands for a clip where one has to."""
    return frames // 2


def make_sequence_codec(model: ModelFile, tensor: FrameTensor, scale: int) -> SequenceCodec:
    """How a model's tensors hold clips. Raises `UserError` where that cannot be known or done."""
    check_offsets(tensor)
    states = [_state(model, output, given) for output, given in tensor.state.items()]
    doubled = [each.input.name for each in states if sum(other.input_index == each.input_index for other in states) > 1]
    if doubled:
        raise UserError(f"[data.tensor] state: two outputs fill the input {doubled[0]!r}")
    carried = {each.input_index for each in states}
    frames = [index for index in range(len(model.inputs)) if index not in carried]
    if isinstance(tensor.frames, dict):
        return _of_several_inputs(model, tensor, tensor.frames, states, scale)
    if len(frames) != 1:
        names = ", ".join(repr(model.inputs[index].name) for index in frames) or "none"
        raise UserError(
            f"{model.path}: a frame fills one input, and of its inputs {names} are no state",
            f"Say which output fills which: [data.tensor] state = {_example(model)}; or which frame goes into which, as"
            " frames = { before = -1, now = 0 }."
            if frames
            else "Leave the input of the frame out of [data.tensor] state.",
        )
    given, stacked = model.inputs[frames[0]], None
    if tensor.frames is not None:
        given, stacked = one_of_stacked(model, given, tensor.frames, tensor.layout)
    return SequenceCodec(
        frame=_frame_codec(model, given, tensor, states, scale),
        inputs=model.inputs,
        frame_index=frames[0],
        states=states,
        stacked=stacked,
    )


def _frame_codec(model: ModelFile, given: TensorInfo, tensor: FrameTensor, states: list[State], scale: int) -> Codec:
    """Of one frame in an input, and of what the model makes of it."""
    of_state = {each.output_index for each in states}
    # A model that is given its own last frame puts out nothing else.
    rest = [
        output
        for index, output in enumerate(model.outputs)
        if index not in of_state or len(of_state) == len(model.outputs) or output.name == tensor.output
    ]
    frame = make_codec(replace(model, inputs=[given], outputs=rest), tensor, scale)
    return frame.model_copy(update={"output_index": model.outputs.index(frame.output)})


def _of_several_inputs(
    model: ModelFile, tensor: FrameTensor, offsets: Mapping[str, int], states: list[State], scale: int
) -> SequenceCodec:
    names = [info.name for info in model.inputs]
    unknown = next((name for name in offsets if name not in names), None)
    if unknown is not None:
        raise UserError(
            f"{model.path}: has no input {unknown!r}, which [data.tensor] frames names",
            f"It has {', '.join(map(repr, names))}.",
        )
    carried = {each.input_index for each in states}
    doubled = next((name for name in offsets if names.index(name) in carried), None)
    if doubled is not None:
        raise UserError(f"[data.tensor]: the input {doubled!r} is given a frame and a state", "Take one of them out.")
    left = [name for place, name in enumerate(names) if place not in carried and name not in offsets]
    if left:
        raise UserError(
            f"{model.path}: nothing fills its input {left[0]!r}", "Name it in [data.tensor] frames, or in state."
        )
    codecs = {name: _frame_codec(model, model.inputs[names.index(name)], tensor, states, scale) for name in offsets}
    now = next(name for name, offset in offsets.items() if offset == 0)
    return SequenceCodec(
        frame=codecs[now],
        inputs=model.inputs,
        frame_index=names.index(now),
        states=states,
        others=[
            OtherFrame(input_index=names.index(name), offset=offset, codec=codecs[name])
            for name, offset in offsets.items()
            if name != now
        ],
    )


def _state(model: ModelFile, output: str, given: str) -> State:
    inputs, outputs = ([each.name for each in tensors] for tensors in (model.inputs, model.outputs))
    for name, known, what in ((output, outputs, "output"), (given, inputs, "input")):
        if name not in known:
            raise UserError(
                f"{model.path}: has no {what} {name!r}, which [data.tensor] state names",
                f'It has {", ".join(map(repr, known))}. A state is written OUTPUT = "INPUT".',
            )
    before, after = model.outputs[outputs.index(output)], model.inputs[inputs.index(given)]
    if (before.dtype, before.scale, before.zero_point) != (after.dtype, after.scale, after.zero_point):
        raise UserError(
            f"{model.path}: output {output!r} ({_kind(before)}) cannot fill input {given!r} ({_kind(after)}) as it is",
            "Export the model so that both have one type and one quantisation.",
        )
    if after.dtype not in DTYPES:
        raise UserError(f"{model.path}: the state {given!r} holds {after.dtype}, which cannot begin with zeros")
    both_fixed = zip(before.shape, after.shape, strict=False)
    if len(before.shape) != len(after.shape) or any(
        isinstance(one, int) and isinstance(other, int) and one > 0 and other > 0 and one != other
        for one, other in both_fixed
    ):
        raise UserError(
            f"{model.path}: output {output!r} has the shape {before.shape}, and input {given!r} {after.shape}",
            "A state keeps its shape from frame to frame.",
        )
    return State(input=after, input_index=inputs.index(given), output_index=outputs.index(output))


def _kind(info: TensorInfo) -> str:
    return info.dtype if info.scale is None else f"{info.dtype}, scale {info.scale:g}, zero {info.zero_point or 0}"


def guess_state(model: ModelFile) -> dict[str, str]:
    """Output → input, where as many of both have one dtype and shape: in their order. The first input is the frame."""
    found: dict[str, str] = {}
    for given in model.inputs[1:]:
        takers = [each for each in model.inputs[1:] if _alike(each, given)]
        givers = [each for each in model.outputs if _alike(each, given)]
        if len(takers) == len(givers):
            found[givers[takers.index(given)].name] = given.name
    return found


def _alike(one: TensorInfo, other: TensorInfo) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape


def _example(model: ModelFile) -> str:
    pairs = guess_state(model) or {"h_out": "h_in"}
    return "{ " + ", ".join(f'"{output}" = "{given}"' for output, given in pairs.items()) + " }"
