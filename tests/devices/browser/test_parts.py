"""The small parts of the tab holder, each against what it stands for."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import re
import socket
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices import browsers
from devices.browsers import settings_names as names
from devices.python_runner.browser import web_socket
from devices.python_runner.browser.frame import Page, PageError
from devices.python_runner.browser.holder import _stamps
from devices.python_runner.browser.npy_file import npy_bytes, read_npy
from devices.python_runner.browser.served import Served
from devices.python_runner.browser.server import Server
from devices.python_runner.browser.tab import Frame
from devices.python_runner.browser.web_socket import MalformedError, TooLargeError, WebSocket, accept_key
from devices.python_runner.clock import clock_ns

PAGE = Path(browsers.__file__).parent / "page"
SHAPES = [(), (1,), (3,), (1, 2, 3), (7, 1, 1, 100000), (0, 4)]
DTYPES = [
    "float32",
    "float64",
    "float16",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "bool",
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_are_written_as_numpy_writes_them_and_read_back(
    tmp_path: Path, dtype: str, shape: tuple[int, ...]
) -> None:
    array = (np.random.default_rng(0).random(shape) * 100).astype(dtype)
    by_numpy = io.BytesIO()
    np.save(by_numpy, array)
    assert npy_bytes(dtype, list(shape), array.tobytes()) == by_numpy.getvalue()
    path = tmp_path / "array.npy"
    np.save(path, array)
    assert read_npy(str(path)) == (dtype, list(shape), array.tobytes())


@pytest.mark.parametrize("array", [np.zeros((2, 3), np.float32, order="F") + 1, np.zeros(2, ">f4"), np.zeros(2, "U3")])
def test_arrays_that_a_page_does_not_take_are_refused(tmp_path: Path, array: np.ndarray[Any, Any]) -> None:
    np.save(tmp_path / "array.npy", np.asfortranarray(array))
    with pytest.raises(ValueError, match="a page takes"):
        read_npy(str(tmp_path / "array.npy"))


def test_a_torn_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", np.zeros(100))
    content = (tmp_path / "array.npy").read_bytes()
    for size in (0, 5, 11, 400):
        (tmp_path / "torn.npy").write_bytes(content[:size])
        with pytest.raises((ValueError, SyntaxError)):
            read_npy(str(tmp_path / "torn.npy"))


def frame_bytes(
    content: bytes, *, kind: int = 1, is_last: bool = True, masked: bool = True, size: int | None = None
) -> bytes:
    """A frame as a browser sends it (RFC 6455, 5.2)."""
    length = len(content) if size is None else size
    head = bytes([(0x80 if is_last else 0) | kind])
    mark = 0x80 if masked else 0
    if length < 126:
        head += bytes([mark | length])
    elif length < 1 << 16:
        head += bytes([mark | 126]) + length.to_bytes(2, "big")
    else:
        head += bytes([mark | 127]) + length.to_bytes(8, "big")
    if not masked:
        return head + content
    mask = b"\x01\x02\x03\x04"
    return head + mask + bytes(byte ^ mask[k % 4] for k, byte in enumerate(content))


@pytest.fixture
def sockets() -> Any:
    ours, theirs = socket.socketpair()
    yield WebSocket(ours), theirs
    ours.close()
    theirs.close()


def received(sockets: tuple[WebSocket, socket.socket], content: bytes, most_bytes: int = 1 << 20) -> dict[str, Any]:
    # From a thread: what is long does not fit into the pair's buffers.
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(sockets[1].sendall, content)
        try:
            return sockets[0].receive(clock_ns() + 20_000_000_000, most_bytes)
        finally:
            sockets[0].close()
            sending.exception()


def test_the_key_is_that_of_the_standard() -> None:
    # RFC 6455, 1.3
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("length", [0, 1, 3, 100, 126, 70_000])
def test_messages_of_any_length_come_whole(sockets: Any, length: int) -> None:
    message = {"text": "ä" * length}
    assert received(sockets, frame_bytes(json.dumps(message).encode())) == message


def test_messages_in_parts_come_whole_and_pings_between_are_answered(sockets: Any) -> None:
    sockets[1].sendall(
        frame_bytes(b'{"a":', is_last=False) + frame_bytes(b"hello", kind=9) + frame_bytes(b" 1}", kind=0)
    )
    assert sockets[0].receive(clock_ns() + 20_000_000_000, 1000) == {"a": 1}
    assert sockets[1].recv(100) == b"\x8a\x05hello"


@pytest.mark.parametrize(
    "content",
    [
        frame_bytes(b"not json"),
        frame_bytes(b"[1]"),
        frame_bytes(b"\xff\xfe"),
        frame_bytes(b"[" * 100_000),
        frame_bytes(b"{}", masked=False),
        frame_bytes(b"{}", kind=2),
        frame_bytes(b"{}", kind=0),
        frame_bytes(b'{"a":', is_last=False) + frame_bytes(b"{}"),
        b"\xf1\x82\x00\x00\x00\x00{}",
    ],
)
def test_what_is_no_message_is_malformed(sockets: Any, content: bytes) -> None:
    with pytest.raises(MalformedError):
        received(sockets, content)


def test_a_message_that_is_too_long_is_refused_before_it_has_come(sockets: Any) -> None:
    with pytest.raises(TooLargeError):
        received(sockets, frame_bytes(b"", size=1 << 40))


def test_a_message_that_is_too_long_in_parts_is_refused(sockets: Any) -> None:
    with pytest.raises(TooLargeError):
        received(sockets, frame_bytes(b"x" * 600, is_last=False) + frame_bytes(b"x" * 600, kind=0), most_bytes=1000)


def test_a_page_that_closes_or_is_silent_is_noticed(sockets: Any) -> None:
    with pytest.raises(TimeoutError):
        sockets[0].receive(clock_ns() + 10_000_000, 1000)
    sockets[1].sendall(frame_bytes(b"\x03\xe8", kind=8))
    with pytest.raises(EOFError):
        sockets[0].receive(clock_ns() + 2_000_000_000, 1000)
    sockets[1].close()
    assert sockets[0].has_ended()


def test_a_page_that_speaks_without_end_is_there_and_is_not_listened_to_for_ever(
    sockets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_socket, "_MOST_UNREAD", 1000)
    sockets[1].setblocking(False)
    said = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            said += sockets[1].send(bytes(1 << 12))
    assert said > 1 << 17
    assert not sockets[0].has_ended()
    # One more read may have begun below the bound; the rest stays in the kernel, which holds the page back.
    assert len(sockets[0]._buffer) < 1000 + (1 << 16)


def test_who_opens_many_connections_and_says_little_keeps_no_page_out(tmp_path: Path) -> None:
    (tmp_path / "tab.html").write_text("here")
    server = Server()
    served = Served("127.0.0.1", {"tab.html": str(tmp_path / "tab.html")})
    address = server.add(served)
    with contextlib.ExitStack() as opened:
        opened.callback(server.close)
        strangers = []
        for _ in range(200):
            stranger = opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            stranger.sendall(b"GET /a")  # and no more: the rest would come a byte at a time
            strangers.append(stranger)
        for _ in range(3):
            with urllib.request.urlopen(f"{address}tab.html", timeout=30) as page:
                assert page.read() == b"here"
        assert strangers[0].recv(1) == b""  # the oldest made room
        strangers[-1].sendall(b"b HTTP/1.1\r\n\r\n")
        assert strangers[-1].recv(1000).startswith(b"HTTP/1.1 404")


def stamped(sent_ns: int, came_ns: int, **at: int) -> tuple[int, int]:
    page = Page(Served("a0.localhost", {}), [], lambda _: None)
    page.sent_ns, page.came_ns = sent_ns, came_ns
    return _stamps(Frame("a0", page), {"at": at})


def test_stamps_are_moved_to_this_machines_clock() -> None:
    # The page's clock is 900 behind; the question and the answer each took 10.
    assert stamped(1000, 1120, received=110, started=120, ended=200, answered=210) == (1020, 1100)
    # Nothing began before it was asked for, nor ended after the answer came, however unequal the ways.
    assert stamped(1000, 1100, received=0, started=0, ended=100, answered=100) == (1000, 1100)
    assert stamped(1000, 1300, received=50, started=50, ended=80, answered=500) == (1000, 1030)


@pytest.mark.parametrize(
    "at",
    [
        {"received": 5, "started": 4, "ended": 6, "answered": 7},
        {"received": 0, "started": 9, "ended": 8, "answered": 10},
        {"received": 0, "started": 0, "ended": 200, "answered": 200},
    ],
)
def test_stamps_that_cannot_be_are_refused(at: dict[str, int]) -> None:
    with pytest.raises(PageError, match="stamps"):
        stamped(1000, 1100, **at)


def test_the_frame_allows_its_own_import_map_alone() -> None:
    text = (PAGE / "frame.html").read_text()
    [content] = re.findall(r'<script type="importmap">(.*?)</script>', text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    assert re.findall(r"'sha256-([^']+)'", text) == [digest]
    assert "unsafe-eval'" not in text.replace("'wasm-unsafe-eval'", "")
    assert "unsafe-inline" not in text


def test_the_page_names_no_address_of_the_internet_but_documentation() -> None:
    for path in PAGE.iterdir():
        lines = [line for line in path.read_text().splitlines() if not line.strip().startswith(("//", "*", "/*"))]
        if path.suffix in (".js", ".html"):
            assert not re.findall(r"https?://[a-z]", "\n".join(lines)), path


def test_the_readme_names_every_script() -> None:
    readme = (PAGE / "README.md").read_text()
    for path in PAGE.iterdir():
        assert path.name == "README.md" or f"`{path.name}`" in readme, path


def test_names_of_settings_are_told_in_one_place() -> None:
    assert names.SITE_ISOLATED in names.ALL
    assert names.OUTPUT_DRIFT_NOTE not in names.ALL


def test_a_token_stands_in_no_text_for_the_record() -> None:
    served = Served("a0.localhost", {})
    page = Page(served, [], lambda _: None)
    text = f"Failed to fetch dynamically imported module: http://a0.localhost:1234/{served.token}/engine/x.mjs"
    assert served.token not in page.without_token(text)
    assert "engine/x.mjs" in page.without_token(text)


def test_the_holder_is_parsed_by_the_oldest_python_that_it_is_for() -> None:
    import ast

    folder = Path(browsers.__file__).parents[1] / "python_runner"
    for path in [*(folder / "browser").glob("*.py"), folder / "child_process.py", PAGE.parent / "settings_names.py"]:
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
