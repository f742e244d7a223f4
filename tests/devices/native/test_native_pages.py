"""The native runner's server of pages, asked by strangers and by a page that lies: a program of the test's own stands
in the browser's place, and says what a page would.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import re
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.build.native_build import SOURCES
from devices.python_runner.browser import program
from tests.devices.runner_contract.bench import RUNNERS

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
SECOND_NS = 1_000_000_000
# Started in the browser's place: it copies the start page, which has the tab's address, and stays until it is ended.
STAND_IN = """
import shutil, sys, time
from pathlib import Path
from urllib.parse import unquote, urlsplit
shutil.copy(unquote(urlsplit(sys.argv[-1]).path), sys.argv[1] + ".part")
Path(sys.argv[1] + ".part").rename(sys.argv[1])
time.sleep(120)
"""


def frame_bytes(content: bytes, *, kind: int = 1, is_last: bool = True, masked: bool = True) -> bytes:
    head = bytes([(0x80 if is_last else 0) | kind])
    size = len(content)
    flag = 0x80 if masked else 0
    if size < 126:
        head += bytes([flag | size])
    elif size < 1 << 16:
        head += bytes([flag | 126]) + struct.pack(">H", size)
    else:
        head += bytes([flag | 127]) + struct.pack(">Q", size)
    if not masked:
        return head + content
    mask = os.urandom(4)
    key = (mask * (size // 4 + 1))[:size]
    return head + mask + (int.from_bytes(content, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


class Door:
    """An address that the holder serves."""

    def __init__(self, address: str) -> None:
        matched = re.fullmatch(r"http://((.+):(\d+))/([A-Za-z0-9_-]{43})/(.+)", address)
        assert matched is not None, address
        self.host, self.name, self.token = matched[1], matched[2], matched[4]
        self.port = int(matched[3])
        self.origin = f"http://{self.host}"

    def ask(
        self, method: str, name: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        given = {"Host": self.host, **{key.replace("_", "-"): value for key, value in headers.items()}}
        path = given.pop("path", f"/{self.token}/{name}")
        connection.request(method, path, body, given)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())

    def upgrade(self, **headers: str) -> tuple[int, socket.socket, bytes]:
        """Status, the connection, and what came with the head."""
        given = {"Host": self.host, "Origin": self.origin, "Connection": "Upgrade", "Upgrade": "websocket"}
        given |= {"Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13", **headers}
        lines = "".join(f"{key}: {value}\r\n" for key, value in given.items() if value)
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.sendall(f"GET /{self.token}/socket HTTP/1.1\r\n{lines}\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        head, _, rest = head.partition(b"\r\n\r\n")
        if b" 101 " in head:
            accept = base64.b64encode(hashlib.sha1((KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
            assert b"Sec-WebSocket-Accept: " + accept in head
        return int(head.split()[1]), connection, rest


class Page:
    """A page of the test's own: answers questions from a table, in a thread."""

    def __init__(self, door: Door, answers: dict[str, Any]) -> None:
        self.door, self.answers = door, answers
        status, self.connection, self._buffer = door.upgrade()
        assert status == 101
        self.asked: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            chunk = self.connection.recv(65536)
            if not chunk:
                raise EOFError
            self._buffer += chunk
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _serve(self) -> None:
        self.connection.settimeout(None)
        try:
            while True:
                kind, size = self._take(2)
                if size == 126:
                    (size,) = struct.unpack(">H", self._take(2))
                elif size == 127:
                    (size,) = struct.unpack(">Q", self._take(8))
                content = self._take(size)
                if kind & 15 != 1:
                    self.answers["other"] = (kind & 15, content)
                    continue
                question = json.loads(content)
                self.asked.append(question)
                answer = self.answers.get(question["do"], {})
                answer = answer(question) if callable(answer) else answer
                if isinstance(answer, bytes):
                    self.connection.sendall(answer)
                elif answer is not None:
                    self.connection.sendall(frame_bytes(json.dumps({"id": question["id"], **answer}).encode()))
        except (OSError, EOFError):
            pass  # the holder has ended it


TENSOR = {"name": "x", "dtype": "float32", "shape": [2, 2]}


def stamped(question: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"at": {"received": 5, "started": 6, "ended": 1006, "answered": 1010}, "drift": None, **more}


class Holder:
    """The native runner's holder, and a page for its tab and its one frame."""

    def __init__(self, folder: Path, browser: list[str] | None = None, path: str | None = None) -> None:
        self.folder = folder
        self.start_page = folder / "start.html"
        (folder / "stand_in.py").write_text(STAND_IN)
        for name in ("model", "page.js", "engine.mjs"):
            (folder / name).write_bytes(f"the {name}".encode())
        command = RUNNERS["native with sanitizers"]()
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            [*command, "--browser"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env=None if path is None else {"PATH": path},
        )
        self.frame: Page | None = None
        self.frame_answers: dict[str, Any] = {
            "hello": {"cross_origin_isolated": True, "clock_step_ns": 5000, "hidden": False},
            "start": {"version": "1.0", "engine_start_ns": 7, "settings": {"gpu_vendor": "none"}},
            "load": {
                "load_ns": 3, "fetch_ns": 1, "session_ns": 2, "inputs": [TENSOR], "outputs": [TENSOR],
                "delegated_nodes": None, "total_nodes": 4, "wholly_delegated": None, "settings": {}, "notes": ["n"],
            },
            "block": lambda question: stamped(
                question, lead_in_ns=[1] * question["lead_in"], latency_ns=[2] * question["count"]
            ),
            "keep": self._keep,
        }  # fmt: skip
        arm = {"id": "a0", "model": str(folder / "model"), "runtime": "engine", "accelerator": "wasm", "threads": 2}
        arm["web"] = {
            "browser": browser or [sys.executable, str(folder / "stand_in.py"), str(self.start_page)],
            "family": "chromium",
            "page_files": {"tab.html": str(folder / "page.js"), "frame.js": str(folder / "page.js")},
            "engine_files": {"dist/engine.mjs": str(folder / "engine.mjs")},
            "engine_script": "dist/engine.mjs",
        }
        assert self.ask("open", arms=[arm], folder=str(folder)) == {}

    def ask(self, do: str, *, timeout_s: float = 20, **fields: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        request = {"do": do, "arm": "a0", "timeout_ns": int(timeout_s * 1e9), **fields}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        assert ready, "no answer"
        line = self.process.stdout.readline()
        assert line, (self.folder / "log").read_text()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def start(self) -> dict[str, Any]:
        """Plays the browser meanwhile."""

        def browse() -> None:
            until = time.monotonic() + 30
            while not self.start_page.exists():
                assert time.monotonic() < until
                time.sleep(0.02)
            found = re.search(r"location\.replace\('([^']+)'\)", self.start_page.read_text())
            assert found is not None
            hello = {"user_agent": "Nobody/1.0", "browser": "Nobody 1.0", "hidden": False}
            self.tab = Page(Door(found[1]), {"hello": hello, "add": self._add})

        thread = threading.Thread(target=browse)
        thread.start()
        answer = self.ask("start")
        thread.join()
        return answer

    def _add(self, question: dict[str, Any]) -> dict[str, Any]:
        self.door = Door(question["src"])
        self.frame = Page(self.door, self.frame_answers)
        return {}

    def ready(self) -> None:
        assert self.start() == {}
        loaded = self.ask("load", input_shapes={})["loaded"]
        assert (loaded["interpreter"], loaded["runtime_version"], loaded["notes"][0]) == ("Nobody 1.0", "1.0", "n")
        np.save(self.folder / "x.npy", np.arange(4, dtype=np.float32).reshape(2, 2))
        assert self.ask("bind", files=[str(self.folder / "x.npy")]) == {}

    def _keep(self, question: dict[str, Any]) -> dict[str, Any]:
        content = np.array([1.5, 2, 3, 4], np.float32).tobytes()
        status = self.door.ask("PUT", "output/0", content, Origin=self.door.origin)[0]
        assert status == 200
        return {"latency_ns": 9, "outputs": [{**TENSOR, "bytes": len(content)}]}

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(40) == 0, (self.folder / "log").read_text()
        self.log.close()
        assert "Sanitizer" not in (self.folder / "log").read_text()
        assert list(self.folder.glob(".browser-*")) == []


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Holder]:
    made = Holder(tmp_path)
    yield made
    made.close()


def test_a_page_is_asked_and_its_answers_are_passed_on(holder: Holder) -> None:
    holder.ready()
    sent_after = time.monotonic_ns()
    block = holder.ask("block", lead_in=2, count=3)
    assert (block["lead_in_ns"], block["latency_ns"], block["notes"]) == ([1, 1], [2, 2, 2], [])
    assert sent_after <= block["started_ns"] == block["ended_ns"] - 1000 <= time.monotonic_ns()
    kept = holder.ask("keep", folder=str(holder.folder), item="i0")
    assert kept["outputs"][0]["path"] == "outputs/a0/i0.0.npy"
    np.testing.assert_array_equal(np.load(holder.folder / "outputs/a0/i0.0.npy"), [[1.5, 2], [3, 4]])


def test_a_page_gets_its_files_and_no_other(holder: Holder) -> None:
    holder.ready()
    door = holder.door
    status, content, headers = door.ask("GET", "engine/dist/engine.mjs")
    assert (status, content, headers["Content-Type"]) == (200, b"the engine.mjs", "text/javascript")
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert door.ask("GET", "model")[:2] == (200, b"the model")
    nothing = [
        door.ask("GET", name)
        for name in ("gone", "../model", "engine/../model", "model%00", "model/", "MODEL", "a" * 400, "input/0")
    ]
    nothing += [door.ask("GET", "model", path=path) for path in ("/", "/favicon.ico", f"/{door.token}", "*")]
    nothing += [door.ask("GET", "", path=f"/{'A' * 43}/model"), door.ask("GET", "", path=f"/{door.token}A/model")]
    nothing += [door.ask(method, "model") for method in ("POST", "DELETE", "OPTIONS", "TRACE")]
    nothing += [
        door.ask("GET", "model", Host=host) for host in ("127.0.0.1", f"evil.example:{door.port}", "a0.localhost")
    ]
    nothing += [door.ask("GET", "model", Host=holder.tab.door.host)]
    for status, content, headers in nothing:
        assert (status, content, set(headers)) == (404, b"", {"Connection", "Content-Length"})


def test_a_file_that_goes_missing_is_told_with_the_failure(holder: Holder) -> None:
    assert holder.start() == {}
    (holder.folder / "model").unlink()

    def load(question: dict[str, Any]) -> dict[str, Any]:
        assert holder.door.ask("GET", "model")[0] == 404
        return {"error": "Error", "message": f"no model at {holder.door.origin}/{holder.door.token}/model"}

    holder.frame_answers["load"] = load
    failed = holder.ask("load", input_shapes={})
    assert failed["error"] == "Error"
    assert failed["message"] == f"no model at {holder.door.origin}/model (not there to be served: model)"


def test_outputs_are_taken_once_while_they_are_wanted_within_their_bound_from_the_page_alone(holder: Holder) -> None:
    holder.ready()
    door, statuses = holder.door, []
    content = bytes(16)
    assert door.ask("PUT", "output/0", content, Origin=door.origin)[0] == 404

    def keep(question: dict[str, Any]) -> dict[str, Any]:
        for name, sent, origin in (
            ("output/0", content, None),
            ("output/0", content, "http://evil.example"),
            ("output/0", content + b"x", door.origin),
            ("output/1", content, door.origin),
            ("output/-1", content, door.origin),
            ("output/0", content, door.origin),
            ("output/0", content, door.origin),
        ):
            statuses.append(door.ask("PUT", name, sent, **({"Origin": origin} if origin else {}))[0])
        return {"latency_ns": 9, "outputs": [{**TENSOR, "bytes": 16}]}

    holder.frame_answers["keep"] = keep
    assert len(holder.ask("keep", folder=str(holder.folder), item="i0")["outputs"]) == 1
    assert statuses == [404, 404, 404, 404, 404, 200, 404]
    assert door.ask("PUT", "output/0", content, Origin=door.origin)[0] == 404


def test_an_output_that_is_begun_and_not_ended_holds_nothing_up(holder: Holder) -> None:
    holder.ready()
    door = holder.door
    begun = socket.create_connection(("127.0.0.1", door.port), timeout=10)

    def keep(question: dict[str, Any]) -> dict[str, Any]:
        head = f"PUT /{door.token}/output/0 HTTP/1.1\r\nHost: {door.host}\r\nOrigin: {door.origin}\r\n"
        begun.sendall(f"{head}Content-Length: 16\r\n\r\n".encode() + b"1234")
        time.sleep(0.2)
        return {"latency_ns": 9, "outputs": [{**TENSOR, "bytes": 16}]}

    holder.frame_answers["keep"] = keep
    failed = holder.ask("keep", folder=str(holder.folder), item="i0")
    assert failed["error"] == "OutputMismatch"
    begun.sendall(b"5678" * 3)  # into what is freed by now
    begun.close()


def test_a_socket_is_for_one_page_of_its_own_origin_once(holder: Holder) -> None:
    holder.ready()
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": holder.door.origin + "0"},
        {"Sec-WebSocket-Version": "8"},
        {"Sec-WebSocket-Key": "short"},
        {"Upgrade": "h2c"},
        {},  # right in everything, and the second
    ):
        status, connection, _ = holder.door.upgrade(**headers)
        connection.close()
        assert status == 404
    assert holder.ask("block", lead_in=0, count=1)["latency_ns"] == [2]


def test_who_says_nothing_or_no_http_keeps_nobody_out(holder: Holder) -> None:
    holder.ready()
    silent = [socket.create_connection(("127.0.0.1", holder.door.port), timeout=10) for _ in range(100)]
    for content in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\n" * 100,
        b"GET /" + b"a" * 70_000,
        b"\0" * 999,
    ):
        with socket.create_connection(("127.0.0.1", holder.door.port), timeout=10) as connection:
            connection.sendall(content)
    assert holder.door.ask("GET", "model")[0] == 200
    assert holder.ask("block", lead_in=0, count=1)["latency_ns"] == [2]
    for connection in silent:
        connection.close()


LIES: dict[str, tuple[Any, str]] = {
    "no stamps": ({"lead_in_ns": [], "latency_ns": [2]}, "PageAnswerMalformed"),
    "too few": (stamped({}, lead_in_ns=[], latency_ns=[]), "PageAnswerMalformed"),
    "too many": (stamped({}, lead_in_ns=[], latency_ns=[2, 2]), "PageAnswerMalformed"),
    "a negative time": (stamped({}, lead_in_ns=[], latency_ns=[-2]), "PageAnswerMalformed"),
    "half a nanosecond": (stamped({}, lead_in_ns=[], latency_ns=[2.5]), "PageAnswerMalformed"),
    "a huge time": (stamped({}, lead_in_ns=[], latency_ns=[1 << 62]), "PageAnswerMalformed"),
    "longer than it took": (
        {"at": {"received": 0, "started": 0, "ended": 9 * SECOND_NS, "answered": 9 * SECOND_NS}, "lead_in_ns": [],
         "latency_ns": [2]}, "PageAnswerMalformed",
    ),
    "out of order": (
        {"at": {"received": 9, "started": 5, "ended": 6, "answered": 7}, "lead_in_ns": [], "latency_ns": [2]},
        "PageAnswerMalformed",
    ),
    "another question": ({"id": 999}, "PageAnswerMalformed"),
    "no JSON": (frame_bytes(b"{"), "PageAnswerMalformed"),
    "a list": (frame_bytes(b"[]"), "PageAnswerMalformed"),
    "deep": (frame_bytes(b"[" * 200_000), "PageAnswerMalformed"),
    "no UTF-8": (frame_bytes(b"\xff\xfe"), "PageAnswerMalformed"),
    "bytes": (frame_bytes(b"{}", kind=2), "PageAnswerMalformed"),
    "no mask": (frame_bytes(b"{}", masked=False), "PageAnswerMalformed"),
    "a part of nothing": (frame_bytes(b"{}", kind=0), "PageAnswerMalformed"),
    "a large ping": (frame_bytes(b"x" * 126, kind=9), "PageAnswerMalformed"),
    "huge": (frame_bytes(b"x" * 400_000), "PageAnswerTooLarge"),
    "huge, it says": (b"\x81\xff" + b"\xff" * 8 + b"mask", "PageAnswerTooLarge"),
    "huge in parts": (
        frame_bytes(b"x" * 200_000, is_last=False) + frame_bytes(b"x" * 200_000, kind=0), "PageAnswerTooLarge",
    ),
    "events for ever": (frame_bytes(b'{"event": "visible"}') * 1200, "PageAnswerMalformed"),
    "a lost GPU": (frame_bytes(b'{"event": "lost", "message": "gone"}'), "GpuLost"),
    "an end": (frame_bytes(b"", kind=8), "PageCrashed"),
    "an error of its own": (
        {"error": "RangeError\n" + "x" * 500, "message": "y" * 9000}, "RangeError " + "x" * 49 + "…",
    ),
    "silence": (None, "timeout"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_page_that_lies_fails_its_arm_and_the_holder_goes_on(holder: Holder, lie: str) -> None:
    answer, error = LIES[lie]
    holder.ready()
    right = holder.frame_answers["block"]
    holder.frame_answers["block"] = answer
    failed = holder.ask("block", lead_in=0, count=1, timeout_s=2 if answer is None else 20)
    assert failed["error"] == error
    assert len(failed["message"]) < 2100
    assert failed["gone"] == []
    holder.frame_answers["block"] = right
    assert holder.ask("block", lead_in=0, count=1)["error"] == "PageCrashed"  # it has no frame any more
    assert holder.ask("start") == {}
    assert holder.ask("load", input_shapes={})["loaded"]["load_ns"] == 3


def test_parts_and_pings_make_up_an_answer(holder: Holder) -> None:
    holder.ready()

    def block(question: dict[str, Any]) -> bytes:
        content = json.dumps({"id": question["id"], **stamped({}, lead_in_ns=[], latency_ns=[2])}).encode()
        parts = [content[:7], content[7:9], content[9:]]
        ping = frame_bytes(b"there?", kind=9)
        return b"".join(frame_bytes(part, kind=0 if k else 1, is_last=k == 2) + ping for k, part in enumerate(parts))

    holder.frame_answers["block"] = block
    assert holder.ask("block", lead_in=0, count=1)["latency_ns"] == [2]
    assert holder.frame is not None
    until = time.monotonic() + 10
    while "other" not in holder.frame_answers and time.monotonic() < until:
        time.sleep(0.02)
    assert holder.frame_answers["other"] == (10, b"there?")


def test_a_long_block_comes_whole(holder: Holder) -> None:
    holder.ready()
    block = holder.ask("block", lead_in=0, count=200_000)
    assert len(block["latency_ns"]) == 200_000


def test_a_conductor_that_goes_in_the_middle_of_a_question_ends_all_at_once(holder: Holder) -> None:
    holder.ready()
    holder.frame_answers["block"] = None
    assert holder.process.stdin is not None
    request = {"do": "block", "arm": "a0", "timeout_ns": 600 * SECOND_NS, "lead_in": 0, "count": 1}
    holder.process.stdin.write(json.dumps(request).encode() + b"\n")
    holder.process.stdin.flush()
    time.sleep(0.3)
    # The fixture closes its stdin, and waits for its end.


def test_nothing_wakes_while_nobody_asks(holder: Holder) -> None:
    """Another arm works then: a holder that looked around would take its time."""
    holder.ready()

    def waits() -> int:
        status = Path(f"/proc/{holder.process.pid}/status").read_text()
        return sum(int(line.split()[1]) for line in status.splitlines() if "ctxt_switches" in line)

    time.sleep(0.3)
    before = waits()
    time.sleep(2)
    assert waits() == before


def test_a_browser_that_does_not_know_a_name_gets_the_frame_under_another(holder: Holder) -> None:
    addresses: list[str] = []
    add = holder._add

    def only_localhost(question: dict[str, Any]) -> dict[str, Any]:
        addresses.append(Door(question["src"]).name)
        return {} if addresses[-1] == "a0.localhost" else add(question)

    holder._add = only_localhost  # type: ignore[method-assign]
    assert holder.start() == {}
    assert addresses == ["a0.localhost", "localhost"]
    assert holder.ask("load", input_shapes={})["loaded"]["settings"]["frame_host"] == "localhost"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ('echo "Error: unable to resolve Intent { dat=$5 }"', "Error: unable to resolve Intent { dat= }"),
        ("echo out of memory >&2; exit 3", "exit 3: out of memory"),
        (None, "cannot start am"),
    ],
)
def test_an_app_that_shows_no_page_is_named_and_the_address_is_not(
    tmp_path: Path, script: str | None, said: str
) -> None:
    if script is not None:
        (tmp_path / "am").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "am").chmod(0o755)
    holder = Holder(tmp_path, ["android:com.nobody.browser"], str(tmp_path))
    failed = holder.ask("start")
    holder.close()
    assert failed["error"] == "BrowserNotStarted"
    assert "com.nobody.browser" in failed["message"]
    assert said in failed["message"]
    assert "http://" not in failed["message"]


def test_both_runners_start_browsers_alike() -> None:
    """Two lists in two languages: arms of one plan must not differ by the runner that serves them."""
    flags = re.search(
        r"chromium_flags\[\] = \{(.*?)\};", (SOURCES / "browser/browser_process.c").read_text(), re.DOTALL
    )
    assert flags is not None
    assert re.findall(r'"(--[^"]+)"', flags[1]) == list(program._CHROMIUM)
    profile = (SOURCES / "browser/firefox_profile.c").read_text()
    preferences = re.findall(r'^        \{"([^"]+)", "((?:[^"\\]|\\.)*)"\},$', profile, re.MULTILINE)
    assert {name: json.loads(value.replace("\\", "")) for name, value in preferences} == program._FIREFOX
