"""Weights files that are damaged or hostile are refused, and what they ask for is never done."""

from __future__ import annotations

import io
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from metrics.lpips.lpips_networks import NETWORKS
from metrics.lpips.lpips_weight_files import load_part, read_heads, read_trunk, save_part, trunk_shapes
from metrics.lpips.numpy_pickle import read_numpy_pickle
from metrics.lpips.torch_checkpoint import WeightsFileError, read_torch_checkpoint
from tests.metrics.pictures import shared


class Attack:
    """Makes a file `ran` where an ordinary unpickler loads it."""

    def __init__(self, folder: Path, way: str) -> None:
        self.ran = folder / "ran"
        self.way = way

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        if self.way == "os.system":
            return os.system, (f"touch '{self.ran}'",)
        if self.way == "eval":
            return eval, (f"open({str(self.ran)!r}, 'w')",)
        return Path.touch, (self.ran,)


def zip_checkpoint(path: Path, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weights/data.pkl", content)
    return path


def legacy_checkpoint(path: Path, state: bytes) -> Path:
    head = [pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    path.write_bytes(b"".join([*head, state, pickle.dumps([], 2)]))
    return path


WAYS = ["os.system", "eval", "method"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("write", [zip_checkpoint, legacy_checkpoint], ids=["zip", "legacy"])
def test_a_hostile_checkpoint_is_refused_and_not_run(tmp_path: Path, way: str, write: object) -> None:
    attack = Attack(tmp_path, way)
    path = write(tmp_path / "squeezenet1_1.pth", pickle.dumps(attack, 2))  # type: ignore[operator]
    with pytest.raises(WeightsFileError, match=r"squeezenet1_1\.pth: it asks for .*, which weights do not need"):
        read_torch_checkpoint(path)
    assert not attack.ran.exists()


@pytest.mark.parametrize("way", WAYS)
def test_a_hostile_pickle_of_arrays_is_refused_and_not_run(tmp_path: Path, way: str) -> None:
    attack = Attack(tmp_path, way)
    path = tmp_path / "alexnet.ckpt"
    path.write_bytes(pickle.dumps({"AlexNet_0": attack}))
    with pytest.raises(WeightsFileError, match=r"alexnet\.ckpt: it asks for .*, which weights do not need"):
        read_numpy_pickle(path)
    assert not attack.ran.exists()


def test_the_attacks_would_have_run(tmp_path: Path) -> None:
    for way in WAYS:
        attack = Attack(tmp_path, way)
        pickle.loads(pickle.dumps(attack))
        assert attack.ran.exists()
        attack.ran.unlink()


# Names that the readers admit, with state that nothing honest writes.
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"ccollections\nOrderedDict\n}S'__class__'\nN\x86b.", id="state for a class"),
        pytest.param(b"ctorch._utils\n_rebuild_tensor_v2\nN}S'__code__'\nNs\x86b.", id="attributes of a function"),
        pytest.param(b"ctorch\nFloatStorage\n(tR.", id="a call of a storage"),
        pytest.param(b"cbuiltins\ngetattr\n(ccollections\nOrderedDict\nS'__init__'\ntR.", id="getattr"),
        pytest.param(b"ccollections.abc\nMapping\n.", id="a neighbour of an admitted name"),
        pytest.param(b"\x80\x04\x8c\x0bcollections\x8c\x13OrderedDict.__init__\x93.", id="a dotted name"),
        pytest.param(b"S'text'\n.", id="no dictionary"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_admitted_names_are_of_no_other_use(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(WeightsFileError):
        read_torch_checkpoint(zip_checkpoint(tmp_path / "x.pth", content))
    path = tmp_path / "x.ckpt"
    path.write_bytes(content)
    with pytest.raises(WeightsFileError):
        read_numpy_pickle(path)


def test_arrays_of_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.ckpt"
    path.write_bytes(pickle.dumps({"a": np.array([{}], dtype=object)}))
    with pytest.raises(WeightsFileError, match="not numbers"):
        read_numpy_pickle(path)


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<i8", "|u1"])
def test_arrays_survive_with_shape_order_and_type(tmp_path: Path, protocol: int, dtype: str) -> None:
    values = np.arange(24).reshape(2, 3, 4).astype(dtype)
    path = tmp_path / "x.ckpt"
    path.write_bytes(pickle.dumps({"net": {"c": values, "fortran": np.asfortranarray(values)}}, protocol))
    for read in read_numpy_pickle(path).values():
        np.testing.assert_array_equal(read, values)


@pytest.mark.parametrize("kept", [0, 1, 100, 5_000, 1_000_000, 2_900_000])
def test_a_truncated_checkpoint_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "squeezenet1_1.pth"
    path.write_bytes(shared("weights", "squeezenet1_1_features.pth").read_bytes()[:kept])
    with pytest.raises(WeightsFileError, match=r"squeezenet1_1\.pth"):
        read_trunk(path, NETWORKS["squeeze"])


def legacy_tensor(path: Path, *, values: int, announced: tuple[int, ...], cut: int = 0) -> Path:
    """A legacy checkpoint of one float32 tensor, written by hand as PyTorch before 1.6 did."""
    state = io.BytesIO()
    state.write(b"\x80\x02}X\x01\x00\x00\x00w")
    state.write(b"ctorch._utils\n_rebuild_tensor_v2\n(")
    state.write(b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00kX\x03\x00\x00\x00cpu")
    state.write(b"J" + struct.pack("<i", values) + b"NtQK\x00")
    strides = [int(np.prod(announced[axis + 1 :])) for axis in range(len(announced))]
    for numbers in (announced, strides):
        state.write(b"(" + b"".join(b"J" + struct.pack("<i", number) for number in numbers) + b"t")
    state.write(b"\x89ccollections\nOrderedDict\n)RtRs.")
    head = [pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    data = struct.pack("<q", values) + np.arange(values, dtype="<f4").tobytes()
    content = b"".join([*head, state.getvalue(), pickle.dumps(["k"], 2), data])
    path.write_bytes(content[: len(content) - cut])
    return path


def test_a_legacy_checkpoint_is_read(tmp_path: Path) -> None:
    tensors = read_torch_checkpoint(legacy_tensor(tmp_path / "x.pth", values=6, announced=(2, 3)))
    np.testing.assert_array_equal(tensors["w"], np.arange(6, dtype=np.float32).reshape(2, 3))


def test_a_legacy_checkpoint_that_ends_early_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsFileError, match=r"x\.pth: it ends in the middle of a tensor"):
        read_torch_checkpoint(legacy_tensor(tmp_path / "x.pth", values=6, announced=(2, 3), cut=5))


@pytest.mark.parametrize("shape", [(3, 3), (100_000, 100_000), (-2, -3)])
def test_a_tensor_that_leaves_its_storage_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(WeightsFileError, match=r"x\.pth"):
        read_torch_checkpoint(legacy_tensor(tmp_path / "x.pth", values=6, announced=shape))


def test_another_networks_file_is_refused_by_what_is_missing() -> None:
    path = shared("weights", "squeezenet1_1_features.pth")
    with pytest.raises(WeightsFileError, match="features"):
        read_trunk(path, NETWORKS["alex"])
    with pytest.raises(WeightsFileError, match="it has no lin0"):
        read_heads(path, NETWORKS["alex"])


def test_a_part_survives_the_cache_and_a_damaged_cache_is_refused(tmp_path: Path) -> None:
    network = NETWORKS["squeeze"]
    trunk = {name: np.full(shape, 0.5, np.float32) for name, shape in trunk_shapes(network).items()}
    path = tmp_path / "new" / "trunk.npz"
    save_part(path, trunk, "somewhere")
    loaded, origin = load_part(path, trunk_shapes(network))
    assert origin == "somewhere"
    assert list(loaded) == list(trunk)
    assert [entry.name for entry in path.parent.iterdir()] == ["trunk.npz"]
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(WeightsFileError, match=r"trunk\.npz: damaged"):
        load_part(path, trunk_shapes(network))


def test_an_array_of_objects_in_the_cache_is_not_unpickled(tmp_path: Path) -> None:
    attack = Attack(tmp_path, "method")
    path = tmp_path / "trunk.npz"
    np.savez(path, **{"features.0.weight": np.array([attack], dtype=object)})
    with pytest.raises(WeightsFileError, match=r"trunk\.npz: damaged"):
        load_part(path, trunk_shapes(NETWORKS["alex"]))
    assert not attack.ran.exists()


def test_reading_weights_does_not_import_pytorch() -> None:
    read = (
        "import pathlib, sys; from metrics.lpips.torch_checkpoint import read_torch_checkpoint; "
        "read_torch_checkpoint(pathlib.Path(sys.argv[1])); print('torch' in sys.modules)"
    )
    path = shared("weights", "squeezenet1_1_features.pth")
    told = subprocess.run([sys.executable, "-c", read, path], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
