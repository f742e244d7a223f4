"""Taking one file out of archives of others, which may be hostile."""

import struct
import zipfile

import pytest

from devices.errors import RuntimeNotAvailableError
from devices.libraries import archive_member
from devices.libraries.archive_member import names_of, take_out
from tests.devices.library_files import archive

MEMBER = "jni/arm64-v8a/libonnxruntime.so"


def refused(path, to, words):
    before = set(path.parent.rglob("*"))
    with pytest.raises(RuntimeNotAvailableError, match=words):
        take_out(path, MEMBER, to)
    assert set(path.parent.rglob("*")) - before <= {to.parent}


def written(tmp_path, content):
    path = tmp_path / "it's.aar"
    path.write_bytes(content)
    return path, tmp_path / "out" / "lib.so"


def test_the_member_is_copied_to_our_place_and_no_other_is(tmp_path):
    path, to = written(tmp_path, archive({"../../escaped": b"x", "/absolute": b"y", MEMBER: b"library"}))
    take_out(path, MEMBER, to)
    assert to.read_bytes() == b"library"
    assert sorted(file.name for file in tmp_path.rglob("*") if file.is_file()) == ["it's.aar", "lib.so"]
    assert MEMBER in names_of(path)


def test_a_copy_that_is_there_is_left_alone_and_a_damaged_one_is_made_anew(tmp_path):
    path, to = written(tmp_path, archive({MEMBER: b"library"}))
    take_out(path, MEMBER, to)
    made = to.stat().st_ino
    take_out(path, MEMBER, to)
    assert to.stat().st_ino == made
    to.write_bytes(b"librarY")
    take_out(path, MEMBER, to)
    assert to.read_bytes() == b"library"


def test_an_archive_without_it_is_refused(tmp_path):
    refused(*written(tmp_path, archive({"jni/x86/libonnxruntime.so": b""})), "does not hold it")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_that_holds_it_twice_is_refused(tmp_path):
    path, to = written(tmp_path, archive({MEMBER: b"one"}))
    with zipfile.ZipFile(path, "a") as made:
        made.writestr(MEMBER, b"two")
    refused(path, to, "more than once")


def test_one_that_unpacks_to_more_than_the_bound_is_refused_though_it_says_little(tmp_path, monkeypatch):
    monkeypatch.setattr(archive_member, "MAX_BYTES", 1 << 20)
    refused(*written(tmp_path, archive({MEMBER: bytes(2 << 20)})), "unpacks to more than 1 MiB")


def test_one_that_lies_of_its_size_is_refused(tmp_path):
    content = bytearray(archive({MEMBER: bytes(100_000)}))
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    refused(*written(tmp_path, bytes(content)), "no archive that can be read")


@pytest.mark.parametrize("kept", [0, 10, 60, -1, -30])
def test_one_that_was_cut_is_refused(tmp_path, kept):
    refused(*written(tmp_path, archive({MEMBER: b"library" * 100})[:kept]), "no archive that can be read")


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_one_gives_its_true_content_or_is_refused(tmp_path, seed):
    import random

    content = bytearray(archive({MEMBER: bytes(range(256)) * 40, "other": b"o" * 50}))
    source = random.Random(seed)
    for _ in range(3):
        content[source.randrange(len(content))] = source.randrange(256)
    path, to = written(tmp_path, bytes(content))
    try:
        take_out(path, MEMBER, to)
    except RuntimeNotAvailableError:
        assert not to.exists()
    else:
        assert to.read_bytes() == bytes(range(256)) * 40


def test_an_encrypted_one_is_refused(tmp_path):
    content = bytearray(archive({MEMBER: b"library"}))
    content[content.rfind(b"PK\x01\x02") + 8] |= 1
    refused(*written(tmp_path, bytes(content)), "is encrypted")
