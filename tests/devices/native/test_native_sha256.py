"""The runner as a device's program for hashes: right on every processor, and while a file arrives."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from pathlib import Path

import pytest

from devices.build.native_build import SOURCES
from tests.devices.foreign_machine import MACHINES, command_for
from tests.devices.runner_contract.native import compile_sanitized, native_runner

# Around the borders of blocks of 64 bytes, of the padding, and of what is read at once.
SIZES = (0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000, 262_143, 262_144, 262_145, 300_000)

# Prints the states after random blocks, of both functions where the processor has the second.
BOTH_FUNCTIONS = """
#include "platform/sha256_blocks.h"
int main(void)
{
    static unsigned char blocks[64 * 300];
    uint32_t portable[8], special[8], seed = 1;
    sha256_blocks of_processor = sha256_blocks_of_processor();
    for (int round = 0; round < 200; round++) {
        for (size_t k = 0; k < sizeof blocks; k++)
            blocks[k] = (unsigned char)((seed = seed * 1664525 + 1013904223) >> 24);
        for (int k = 0; k < 8; k++)
            portable[k] = special[k] = seed = seed * 1664525 + 1013904223;
        /* Not at a multiple of anything: files are hashed from wherever they were read to. */
        sha256_blocks_portable(portable, blocks + round % 17, (size_t)(round % 299));
        if (of_processor != NULL)
            of_processor(special, blocks + round % 17, (size_t)(round % 299));
        else
            memcpy(special, portable, sizeof special);
        if (memcmp(portable, special, sizeof special) != 0) {
            printf("differ in round %d", round);
            return 1;
        }
    }
    printf(of_processor != NULL ? "both agree" : "only the portable one");
    return 0;
}
"""


def content(size: int) -> bytes:
    return bytes(range(256)) * (size // 256) + bytes(size % 256)


def line(data: bytes, name: str) -> str:
    return f"{hashlib.sha256(data).hexdigest()}  {name}\n"


def test_the_processor_s_instructions_give_what_the_portable_code_gives(tmp_path: Path) -> None:
    program = tmp_path / "both.c"
    program.write_text(BOTH_FUNCTIONS)
    files = [str(SOURCES / "platform" / name) for name in ("sha256_blocks.c", "sha256_processor.c")]
    made = compile_sanitized("sha256-both", [str(program), *files])
    done = subprocess.run([str(made)], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    has_them = "sha_ni" in Path("/proc/cpuinfo").read_text() or "sha2" in Path("/proc/cpuinfo").read_text().split()
    assert done.stdout == ("both agree" if has_them else "only the portable one")


def test_files_are_hashed_as_by_sha256sum(tmp_path: Path) -> None:
    paths = []
    for size in SIZES:
        path = tmp_path / str(size)
        path.write_bytes(content(size))
        paths.append(str(path))
    done = subprocess.run([str(native_runner()), "--sha256", *paths], check=True, capture_output=True, text=True)
    assert done.stdout == "".join(line(content(size), path) for size, path in zip(SIZES, paths, strict=True))
    for size in SIZES:
        done_bytes = subprocess.run(
            [str(native_runner()), "--sha256"], input=content(size), check=True, capture_output=True
        )
        assert done_bytes.stdout.decode() == line(content(size), "-")


def test_what_cannot_be_read_is_named_and_the_others_are_hashed(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"x")
    argv = [str(native_runner()), "--sha256", str(tmp_path / "gone"), str(tmp_path), str(tmp_path / "there")]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == line(b"x", str(tmp_path / "there"))
    assert "gone: No such file" in done.stderr


@pytest.mark.parametrize("target", sorted(MACHINES))
def test_on_other_machines_too(target: str, tmp_path: Path) -> None:
    data = content(300_001)
    path = tmp_path / "file"
    path.write_bytes(data)
    done = subprocess.run(
        [*command_for(target, tmp_path), "--sha256", str(path)], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == line(data, str(path))


def follow(path: Path, size: int) -> subprocess.Popen[bytes]:
    argv = [str(native_runner()), "--sha256-growing", str(path), str(size)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_a_file_that_grows_is_hashed_once_it_is_whole(tmp_path: Path) -> None:
    data = os.urandom(700_000)
    path = tmp_path / "file"
    path.touch()
    process = follow(path, len(data))
    assert process.stdout is not None
    with path.open("ab", buffering=0) as file:
        for start in range(0, len(data), 70_001):
            file.write(data[start : start + 70_001])
            time.sleep(0.005)
    assert process.stdout.read().decode() == line(data, str(path))
    assert process.wait(120) == 0


def test_a_file_that_grew_beyond_its_size_has_another_hash(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"too long")
    process = follow(path, 3)
    assert process.stdout is not None
    assert process.stdout.read().decode() == line(b"too long", str(path))


def test_when_nobody_waits_any_more_a_file_that_stays_short_has_no_hash(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"short")
    process = follow(path, 10)
    time.sleep(0.05)
    assert process.poll() is None
    out, _ = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, b"")
