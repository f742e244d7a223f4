"""Archives from a Maven repository over real HTTP: whole and of the right hash, or not at all."""

import hashlib
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from devices.libraries import maven_download
from devices.libraries.maven_archive import Coordinates
from devices.libraries.maven_download import VARIABLE, MavenError, cached_archive, download_archive
from tests.devices.library_files import onnxruntime_archive
from tests.rig.maven_server import MavenServer

ORT = Coordinates("com.microsoft.onnxruntime", "onnxruntime-android", "1.32.0")
AAR = onnxruntime_archive(bytes(200_000))


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with MavenServer(tmp_path / "repository") as server:
        monkeypatch.setenv(VARIABLE, server.url)
        server.put(ORT.path, AAR)
        yield server


def left_over(tmp_path):
    return [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.name != "lock"]


def test_an_archive_is_fetched_once_checked_and_kept_under_its_hash(server, monkeypatch):
    seen = []
    found = download_archive(ORT, lambda done, total: seen.append((done, total)))
    assert found.path.read_bytes() == AAR
    assert found.sha256 == found.path.parent.name == hashlib.sha256(AAR).hexdigest()
    assert found.place == server.url
    assert seen[-1] == (len(AAR), len(AAR))
    asked = len(server.requests)
    monkeypatch.delenv(VARIABLE)
    assert download_archive(ORT) == cached_archive(ORT) == found
    assert len(server.requests) == asked


def test_one_that_was_damaged_in_the_cache_is_fetched_again(server):
    found = download_archive(ORT)
    found.path.write_bytes(AAR[:-1])
    assert cached_archive(ORT) is None
    assert download_archive(ORT).path.read_bytes() == AAR


def test_the_sha1_will_do_where_there_is_no_sha256(server):
    (server.folder / f"{ORT.path}.sha256").unlink()
    assert download_archive(ORT).path.read_bytes() == AAR
    assert f"/maven/{ORT.path}.sha1" in server.requests


def test_the_best_checksum_of_several_is_the_one_that_counts(server):
    server.put(ORT.path, AAR, checksums=("sha1", "sha256", "sha512"))
    (server.folder / f"{ORT.path}.sha512").write_text("0" * 128)
    with pytest.raises(MavenError, match="does not have the SHA512 that stands beside it"):
        download_archive(ORT)
    server.put(ORT.path, AAR, checksums=("sha512",))
    assert download_archive(ORT).path.read_bytes() == AAR


def test_a_length_that_is_no_number_is_no_length(server):
    server.content_length = "abc"
    assert download_archive(ORT).path.read_bytes() == AAR


def test_what_a_killed_process_left_of_a_download_is_swept_and_never_used(server, tmp_path):
    left = tmp_path / "cache/maven" / ORT.group / ORT.artifact / ORT.version / ".part-killed" / ORT.file_name
    left.parent.mkdir(parents=True)
    left.write_bytes(AAR[:100])
    assert download_archive(ORT).path.read_bytes() == AAR
    assert not left.parent.exists()


def test_a_version_that_is_not_there_is_answered_with_the_newest_that_are(server):
    listed = "".join(f"<version>1.{minor}.0</version>" for minor in range(20, 32)) + "<version>$(rm)</version>"
    server.put("com/microsoft/onnxruntime/onnxruntime-android/maven-metadata.xml", f"<m>{listed}</m>".encode())
    with pytest.raises(
        MavenError, match=r"1\.99\.0 is not in http.*; it has 1\.31\.0, 1\.30\.0, 1\.29\.0, 1\.28\.0, 1\.27\.0\n"
    ) as caught:
        download_archive(replace(ORT, version="1.99.0"))
    assert "Give the arm's runtime a version that is there" in caught.value.remedy


def test_two_at_once_fetch_it_once(server):
    threads = [threading.Thread(target=download_archive, args=(ORT,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.requests.count(f"/maven/{ORT.path}") == 1
    assert cached_archive(ORT) is not None


def test_the_second_repository_is_asked_for_what_the_first_does_not_have(server, tmp_path, monkeypatch):
    with MavenServer(tmp_path / "other") as other:
        other.put("com/example/other.aar", b"")
        monkeypatch.setenv(VARIABLE, f"{other.url}/  {server.url}")
        assert download_archive(ORT).place == server.url
        assert other.requests


def break_checksum(server):
    (server.folder / f"{ORT.path}.sha256").write_text("0" * 64)


def no_checksum_at_all(server):
    for kind in ("sha256", "sha1"):
        (server.folder / f"{ORT.path}.{kind}").unlink()


def a_page_for_people(server):
    (server.folder / f"{ORT.path}.sha256").write_text("<html>Welcome</html>")


def an_endless_checksum(server):
    (server.folder / f"{ORT.path}.sha256").write_text("0" * 64 + " " * 100_000)


def setting(name, value):
    def change(server):
        setattr(server, name, value.format(port=server.port) if isinstance(value, str) else value)

    change.__name__ = f"{name} {value}"
    return change


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (setting("status", 404), "is not in http://127.0.0.1"),
        (setting("status", 500), "500"),
        (setting("status", 403), r"is refused \(403\)"),
        (setting("cut_after", 100), r"ended after 100 of \d+ bytes"),
        (setting("status", 503), "503"),
        (setting("content_length", "999999999999"), "larger than anything expected"),
        (setting("redirect_to", "ftp://127.0.0.1/{{path}}"), r"cannot be fetched: it is redirected to ftp://"),
        (setting("redirect_to", "{{path}}"), "infinite loop|redirect"),
        (setting("redirect_to", "file:///etc/passwd"), "cannot be fetched"),
        (setting("redirect_to", "http://127.0.0.1:1/gone"), "cannot be fetched"),
        (break_checksum, "does not have the SHA256 that stands beside it"),
        (no_checksum_at_all, r"has no \.sha256 and no \.sha1 beside it"),
        (a_page_for_people, "is no checksum"),
        (an_endless_checksum, "larger than anything expected"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_goes_wrong_is_said_and_leaves_nothing_behind(server, tmp_path, fault, words):
    fault(server)
    with pytest.raises(MavenError, match=words):
        download_archive(ORT)
    assert left_over(tmp_path) == []


def test_a_server_that_falls_silent_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(maven_download, "STALL_S", 0.5)
    server.stall_after = 100
    with pytest.raises(MavenError, match=r"the server said nothing for 0\.5 s"):
        download_archive(ORT)
    assert left_over(tmp_path) == []


def test_what_drips_for_too_long_is_given_up(server, tmp_path, monkeypatch):
    waited_s = [0.0]
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + waited_s[0])
    monkeypatch.setattr(maven_download, "time", clock)  # nobody waits half an hour here
    server.drip_s = 0.01

    def advance(done, total):
        assert 0 < done < total == len(AAR)
        waited_s[0] = maven_download.DEADLINE_S

    with pytest.raises(MavenError, match="did not arrive within 30 minutes"):
        download_archive(ORT, advance)
    assert waited_s[0] > 0
    assert left_over(tmp_path) == []


def test_more_than_the_bound_is_not_taken(server, tmp_path, monkeypatch):
    monkeypatch.setattr(maven_download, "MAX_BYTES", 100)
    server.put(ORT.path, bytes(101))
    with pytest.raises(MavenError, match="larger than anything expected"):
        download_archive(ORT)
    assert left_over(tmp_path) == []


def test_a_password_reaches_its_host_alone_and_is_never_shown(server, tmp_path, monkeypatch):
    server.password = "me:p@ss/word"
    with pytest.raises(MavenError, match=r"is refused \(401\)"):
        download_archive(ORT)
    monkeypatch.setenv(VARIABLE, server.url.replace("//", "//me:p%40ss%2Fword@"))
    with MavenServer(server.folder) as elsewhere:
        server.redirect_to = elsewhere.url.removesuffix("/maven") + "{path}"
        found = download_archive(ORT)
        assert elsewhere.authorizations == [None]
    assert found.place == server.url
    assert not any(b"p@ss" in path.read_bytes() or b"p%40ss" in path.read_bytes() for path in left_over(tmp_path))


@pytest.mark.parametrize("address", ["ftp://host/maven", "file:///maven", "host/maven", "http://", "http://[::1/x"])
def test_an_address_that_is_none_is_refused_without_repeating_it(server, monkeypatch, address):
    monkeypatch.setenv(VARIABLE, address)
    with pytest.raises(MavenError, match="holds what is no http or https address") as caught:
        download_archive(ORT)
    assert address not in str(caught.value)
