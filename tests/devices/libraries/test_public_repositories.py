"""What nobody named a repository for is fetched from its makers' public one, as a Gradle build would; here both are a
server of the tests' own, reached through a proxy as in a company, with https and a certificate for their names.
"""

import ssl
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from devices.build.native_build import TARGETS
from devices.libraries import brought_library
from devices.libraries.android_library import android_library
from devices.libraries.maven_archive import Coordinates
from devices.libraries.maven_download import VARIABLE, MavenError, download_archive, places_to_ask
from devices.libraries.native_library import library_status
from devices.libraries.public_repositories import GOOGLE, MAVEN_CENTRAL, PUBLIC
from tests.devices.library_files import archive, library, onnxruntime_archive
from tests.rig import certificate
from tests.rig.maven_server import MavenServer
from tests.rig.web_proxy import WebProxy

ANDROID = TARGETS["android-arm64-v8a"]
ORT = Coordinates("com.microsoft.onnxruntime", "onnxruntime-android", "1.32.0")
LITERT = Coordinates("com.google.ai.edge.litert", "litert", "2.3.0")
ARCHIVES = {
    ORT: onnxruntime_archive(),
    LITERT: archive({"jni/arm64-v8a/libLiteRt.so": library("arm64-v8a", b"litert")}),
}


def host_of(repository):
    return urlsplit(repository.url).hostname


class Internet:
    """Both public repositories and the proxy that leads to them."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        pem = certificate.make_certificate(folder, [host_of(MAVEN_CENTRAL), host_of(GOOGLE)])
        self.certificate = str(pem)
        self.servers, self.proxies = {}, {}
        for coordinates, content in ARCHIVES.items():
            repository = PUBLIC[coordinates.group]
            server = MavenServer(folder / repository.name, root=urlsplit(repository.url).path, certificate=pem)
            server.put(coordinates.path, content, checksums=("sha1",))
            self.servers[repository] = stack.enter_context(server)
            self.proxies[repository] = stack.enter_context(WebProxy(server.port))


@pytest.fixture(scope="module")
def internet(tmp_path_factory):
    missing = certificate.missing_parts()
    if missing:
        pytest.skip(missing)
    with ExitStack() as stack:
        yield Internet(stack, tmp_path_factory.mktemp("internet"))


@pytest.fixture(autouse=True)
def nothing_is_here_or_named(tmp_path, monkeypatch):
    for name in (brought_library.VARIABLE, VARIABLE, "GRADLE_USER_HOME", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    # Nobody listens there: what would go out into the world ends here, at once.
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")


def through(internet, monkeypatch, repository):
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, internet.proxies[repository].url)
    monkeypatch.setenv("SSL_CERT_FILE", internet.certificate)
    return internet.proxies[repository]


@pytest.mark.parametrize(
    ("runtime", "coordinates", "name"),
    [("onnxruntime", ORT, "Maven Central"), ("ai-edge-litert", LITERT, "Google's Maven repository")],
)
def test_each_archive_comes_from_its_makers_repository(internet, monkeypatch, runtime, coordinates, name):
    repository = PUBLIC[coordinates.group]
    assert repository.name == name
    proxy = through(internet, monkeypatch, repository)
    found = android_library(runtime, coordinates.version, ANDROID)
    assert found.path.read_bytes()[:4] == b"\x7fELF"
    assert repository.url in found.source
    assert set(proxy.asked) == {f"{host_of(repository)}:443"}
    assert f"{urlsplit(repository.url).path}/{coordinates.path}" in internet.servers[repository].requests
    asked = len(proxy.asked)
    assert android_library(runtime, coordinates.version, ANDROID) == found
    assert len(proxy.asked) == asked


def test_what_would_be_fetched_is_known_before_without_asking_anybody(internet, monkeypatch):
    proxy = through(internet, monkeypatch, MAVEN_CENTRAL)
    asked = len(proxy.asked)
    status = library_status("onnxruntime", "1.32.0", ANDROID)
    assert (status.state, status.how) == ("fetched when needed", f"from Maven Central ({host_of(MAVEN_CENTRAL)})")
    assert "Google's Maven repository" in library_status("ai-edge-litert", "2.3.0", ANDROID).how
    assert len(proxy.asked) == asked


def test_an_empty_list_of_repositories_asks_nobody(monkeypatch):
    monkeypatch.setenv(VARIABLE, " ")
    assert places_to_ask(ORT) is None
    assert library_status("onnxruntime", "1.32.0", ANDROID).state == "missing"
    with pytest.raises(MavenError, match="no repository is named"):
        download_archive(ORT)


def test_a_group_whose_makers_are_not_known_is_asked_for_nowhere():
    assert places_to_ask(Coordinates("com.example", "any", "1")) is None


def test_where_nothing_can_be_reached_a_lab_without_internet_is_told_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(MavenError, match=rf"^https://{host_of(MAVEN_CENTRAL)}/\S+ cannot be fetched: ") as caught:
        android_library("onnxruntime", "1.32.0", ANDROID)
    assert f"fetch {MAVEN_CENTRAL.url}/{ORT.path} elsewhere" in caught.value.remedy
    assert "export BAKEOFF_RUNTIME_LIBRARIES=FOLDER" in caught.value.remedy
    assert f"export {VARIABLE}=URL" in caught.value.remedy
    # What is said is true.
    (tmp_path / ORT.file_name).write_bytes(ARCHIVES[ORT])
    monkeypatch.setenv("BAKEOFF_RUNTIME_LIBRARIES", str(tmp_path))
    assert android_library("onnxruntime", "1.32.0", ANDROID).path.read_bytes() == library("arm64-v8a")


def test_an_archive_of_another_version_that_the_user_has_is_named_beside_what_cannot_be_reached(tmp_path, monkeypatch):
    (tmp_path / "onnxruntime-android-1.31.0.aar").write_bytes(ARCHIVES[ORT])
    monkeypatch.setenv("BAKEOFF_RUNTIME_LIBRARIES", str(tmp_path))
    with pytest.raises(
        MavenError, match=r"cannot be fetched: .*; BAKEOFF_RUNTIME_LIBRARIES has onnxruntime-android-1\.31"
    ):
        android_library("onnxruntime", "1.32.0", ANDROID)


def test_a_proxy_that_wants_a_password_gets_it_from_its_address_and_nobody_else_sees_it(internet, monkeypatch):
    proxy = through(internet, monkeypatch, MAVEN_CENTRAL)
    proxy.password = "me:s3cret"
    try:
        with pytest.raises(MavenError, match="407") as caught:
            download_archive(ORT)
        assert "https_proxy" in caught.value.remedy
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//me:wr0ng@"))
        with pytest.raises(MavenError, match="407") as caught:
            download_archive(ORT)
        assert "wr0ng" not in str(caught.value)
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//me:s3cret@"))
        assert download_archive(ORT).place == MAVEN_CENTRAL.url
    finally:
        proxy.password = None


def test_a_repository_without_https_is_reached_through_a_proxy_too(tmp_path, monkeypatch):
    with MavenServer(tmp_path / "repository") as server, WebProxy(server.port) as proxy:
        server.put(ORT.path, ARCHIVES[ORT])
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv(VARIABLE, "http://maven.invalid/maven")
        assert download_archive(ORT).place == "http://maven.invalid/maven"
        assert proxy.asked[-1] == f"http://maven.invalid/maven/{ORT.path}"


def test_a_certificate_that_nobody_vouches_for_is_refused_with_how_to_name_its_authority(internet, monkeypatch):
    through(internet, monkeypatch, MAVEN_CENTRAL)
    monkeypatch.setenv("SSL_CERT_FILE", ssl.get_default_verify_paths().openssl_cafile)
    with pytest.raises(MavenError, match="certificate verify failed") as caught:
        download_archive(ORT)
    assert "export SSL_CERT_FILE=FILE" in caught.value.remedy


def test_a_redirect_to_https_is_followed(internet, monkeypatch):
    through(internet, monkeypatch, GOOGLE)
    server, root = internet.servers[GOOGLE], urlsplit(GOOGLE.url).path
    server.put("moved.aar", ARCHIVES[LITERT], checksums=())
    # To another host of the certificate: the proxy leads every name to the same server.
    monkeypatch.setattr(server, "redirect_to", f"https://{host_of(MAVEN_CENTRAL)}{root}/moved.aar")
    monkeypatch.setattr(server, "redirect_from", f"{root}/{LITERT.path}")
    assert download_archive(LITERT).path.read_bytes() == ARCHIVES[LITERT]
    assert f"{host_of(MAVEN_CENTRAL)}:443" in internet.proxies[GOOGLE].asked


def test_a_redirect_from_https_to_http_is_not(internet, tmp_path, monkeypatch):
    through(internet, monkeypatch, GOOGLE)
    with MavenServer(tmp_path / "elsewhere") as elsewhere:
        elsewhere.put(LITERT.path, ARCHIVES[LITERT])
        monkeypatch.setattr(internet.servers[GOOGLE], "redirect_to", f"{elsewhere.url}/{LITERT.path}")
        with pytest.raises(MavenError, match=r"it is redirected to http://.*, and https is asked for"):
            download_archive(LITERT)
        assert elsewhere.requests == []
