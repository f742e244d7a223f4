"""Who is not the page gets nothing, and a page that lies ends its own arm alone."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.python_runner.browser.served import Served
from devices.python_runner.browser.server import Server
from harness.documents.records import ArmFailed, QualityOutput
from tests.devices.browser.web_bench import add_web_arm, changed_page, web
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import Bench, of_kind

KEY = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13", "Upgrade": "websocket"}


class Site:
    """A server with one frame, and a stranger's way to ask it."""

    def __init__(self, folder: Path) -> None:
        model = folder / "model.onnx"
        model.write_bytes(b"the model")
        self.server = Server()
        self.served = Served("a0.localhost", {"frame.js": str(model), "model": str(model), "gone": str(folder / "no")})
        self.server.add(self.served)
        self.host = f"a0.localhost:{self.server.port}"
        self.origin = f"http://{self.host}"

    def ask(
        self, method: str, name: str, body: bytes | None = None, token: str | None = None, **headers: str
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        given = {"Host": self.host, **{key.replace("_", "-"): value for key, value in headers.items()}}
        connection.request(method, f"/{token or self.served.token}/{name}", body, given)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def upgrade(self, **headers: str) -> tuple[int, socket.socket]:
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
        given = {"Host": self.host, "Origin": self.origin, "Connection": "Upgrade", **KEY, **headers}
        lines = [f"GET /{self.served.token}/socket HTTP/1.1", *(f"{key}: {value}" for key, value in given.items())]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return int(connection.recv(4096).split()[1]), connection


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.server.close()


def test_the_page_gets_its_files(site: Site) -> None:
    assert site.ask("GET", "model") == (200, b"the model")


@pytest.mark.parametrize("name", ["", "gone", "../model", "engine/../model", "model%00", "model/", "a" * 400, "MODEL"])
def test_what_is_not_there_is_404_without_a_word(site: Site, name: str) -> None:
    assert site.ask("GET", name) == (404, b"")


def test_a_wrong_token_is_404_without_a_word(site: Site) -> None:
    for token in ("A" * 43, site.served.token[:-1], site.served.token + "A", "%2e%2e", "."):
        assert site.ask("GET", "model", token=token) == (404, b"")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "evil.example", "a1.localhost", ""])
def test_a_page_under_another_name_gets_nothing(site: Site, host: str) -> None:
    """A name that somebody else resolves to this machine (DNS rebinding) is another name."""
    assert site.ask("GET", "model", Host=f"{host}:{site.server.port}") == (404, b"")


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "HEAD", "TRACE", "PATCH"])
def test_other_methods_get_nothing(site: Site, method: str) -> None:
    assert site.ask(method, "model")[0] == 404


def test_an_output_is_taken_once_while_it_is_wanted_within_its_bound_from_the_page_alone(site: Site) -> None:
    assert site.ask("PUT", "output/0", b"1234", Origin=site.origin)[0] == 404
    site.served.open_puts([4])
    assert site.ask("PUT", "output/0", b"1234")[0] == 404
    assert site.ask("PUT", "output/0", b"1234", Origin="http://evil.example")[0] == 404
    assert site.ask("PUT", "output/0", b"12345", Origin=site.origin)[0] == 404
    assert site.ask("PUT", "output/1", b"1234", Origin=site.origin)[0] == 404
    assert site.ask("PUT", "output/0", b"1234", Origin=site.origin)[0] == 200
    assert site.ask("PUT", "output/0", b"4321", Origin=site.origin)[0] == 404
    assert site.served.close_puts() == {0: b"1234"}
    assert site.ask("PUT", "output/0", b"1234", Origin=site.origin)[0] == 404


def test_one_socket_in_its_life_and_for_its_own_origin_alone(site: Site) -> None:
    for wrong in ("http://evil.example", "null", "http://127.0.0.1", site.origin + "0"):
        assert site.upgrade(Origin=wrong)[0] == 404
    assert site.upgrade(**{"Sec-WebSocket-Version": "8"})[0] == 404
    status, first = site.upgrade()
    assert status == 101
    assert site.upgrade()[0] == 404
    first.close()
    assert site.upgrade()[0] == 404  # nobody takes the place of a page that has gone
    assert site.served.came_again


def test_who_speaks_no_http_or_says_nothing_hinders_nobody(site: Site) -> None:
    silent = [socket.create_connection(("127.0.0.1", site.server.port), timeout=10) for _ in range(20)]
    for content in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\n" * 100, b"GET " + b"/" * 70_000 + b"\r\n"):
        with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as connection:
            connection.sendall(content)
    assert site.ask("GET", "model") == (200, b"the model")
    for connection in silent:
        connection.close()


def test_the_server_listens_on_loopback_alone(site: Site) -> None:
    listening = [each.getsockname()[0] for each in site.server._listening]
    assert set(listening) <= {"127.0.0.1", "::1"}


def test_threads_end_with_what_they_answer(site: Site) -> None:
    before = threading.active_count()
    for _ in range(5):
        site.ask("GET", "model")
    assert threading.active_count() <= before + 1


LIES = {
    "an output of another shape": (
        "told.push({ name, dtype, shape: Array.from(shape, Number), bytes",
        "told.push({ name, dtype, shape: [1, 1, 1, 256], bytes",
        "OutputMismatch",
    ),
    "an output of another type": (
        "told.push({ name, dtype, shape",
        'told.push({ name, dtype: "int32", shape',
        "OutputMismatch",
    ),
    "an output that is too large": (
        '{ method: "PUT", body: bytes }',
        '{ method: "PUT", body: new Uint8Array(bytes.length + 4) }',
        "OutputMismatch",
    ),
    "an output that is not given": (
        '{ method: "PUT", body: bytes }',
        '{ method: "GET" }',
        "OutputMismatch",
    ),
    "a negative time": ("return { latency_ns: nanoseconds(took)", "return { latency_ns: -1", "PageAnswerMalformed"),
    "a time of no number": (
        "return { latency_ns: nanoseconds(took)",
        'return { latency_ns: "1e999"',
        "PageAnswerMalformed",
    ),
    "a huge answer": (
        "return { latency_ns: nanoseconds(took)",
        'return { pad: "x".repeat(40000000), latency_ns: nanoseconds(took)',
        "PageAnswerTooLarge",
    ),
    "an answer to another question": (
        "return { latency_ns: nanoseconds(took)",
        "return { id: 99999, latency_ns: nanoseconds(took)",
        "PageAnswerMalformed",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_page_that_lies_ends_its_own_arm_alone(bench: Bench, tmp_path: Path, lie: str) -> None:
    old, new, error = LIES[lie]
    model = models.conv_onnx(bench.folder / "static.onnx", static=(8, 8))
    given = web("onnxruntime-web", "wasm")
    add_web_arm(bench, model, web=changed_page(given, tmp_path, "frame.js", (old, new)))
    add_web_arm(bench, model, web=given)
    item = bench.add_item(models.image(8, 8))
    for arm in ("a1", "a2", "a0"):
        bench.quality(arm, item)
    bench.write_plan(step_timeout_s=60)
    records = bench.run()
    assert [(failed.arm, failed.error) for failed in of_kind(records, ArmFailed)] == [("a1", error)]
    assert [output.arm for output in of_kind(records, QualityOutput)] == ["a2", "a0"]
    assert not (bench.folder / "outputs" / "a1").exists()


def test_an_engine_that_asks_elsewhere_gets_nowhere(bench: Bench, tmp_path: Path) -> None:
    """The content security policy of the frame lets nothing out but to its own server."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        start = "async function keep() {"
        address = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"
        asks = (start, f'{start}\n  await fetch("{address}", {{ mode: "no-cors" }});')
        given = changed_page(web("onnxruntime-web", "wasm"), tmp_path, "frame.js", asks)
        add_web_arm(bench, bench.folder / "own.onnx", web=given)
        bench.quality("a1", bench.add_item(models.image(8, 8)))
        bench.write_plan()
        [failed] = of_kind(bench.run(), ArmFailed)
        assert (failed.error, failed.message) == ("TypeError", "Failed to fetch")
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


def test_the_address_of_the_page_stands_in_no_command_line(bench: Bench) -> None:
    from devices.python_runner.browser.process_tree import tree

    add_web_arm(bench, bench.folder / "own.onnx", input_shapes={"image": [1, 1, 8, 8]})
    item = bench.add_item(models.image(8, 8))
    bench.warm_up(["a1"], item)
    bench.pair(0, ["a1"], item)
    bench.hold("latency", before_block=0)
    bench.write_plan()
    process = bench.start()
    bench.wait_until_held()
    lines = b"".join(Path(f"/proc/{each.pid}/cmdline").read_bytes() for each in tree(process.pid))
    bench.let_go()
    assert process.wait(60) == 0
    assert b"chromium" in lines
    assert b"http://" not in lines
    assert b"--remote-debugging-port" not in lines
