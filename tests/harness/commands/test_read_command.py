"""`bakeoff read` as it is typed: texts of other tools, several at once, from a pipe, and what is none."""

import json
import os
import subprocess

import jsonschema
import pytest

from harness.documents.schemas import json_schema
from harness.documents.tool_numbers import ReadNumbers
from tests.devices.readings.sample_files import SAMPLES, sample
from tests.rig.command import REPOSITORY, argv, bakeoff, environment

NCNN = """loop_count = 20
num_threads = 4
powersave = 2
gpu_device = -1
cooling_down = 1
          squeezenet  min =    3.60  max =    3.70  avg =    3.64
           mobilenet  min =    5.32  max =    9.42  avg =    6.38
"""
FAILED = "STARTING!\nGraph: [/data/a.tflite]\nFailed to apply GPU delegate.\nBenchmarking failed.\n"


def unwrapped(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


@pytest.fixture
def ncnn(tmp_path):
    path = tmp_path / "ncnn.txt"
    path.write_text(NCNN)
    return path


def test_a_table_for_people(ncnn):
    done = bakeoff("read", ncnn)
    assert (done.exit_code, done.stderr) == (0, "")
    said = unwrapped(done.stdout)
    assert said.startswith(f"benchncnn ({ncnn})")
    assert "squeezenet 20 3.64 3.60–3.70" in said
    assert "• 4 threads" in said
    assert "• mobilenet: the slowest inference (9.42 ms) took 1.8 times as long as the fastest (5.32 ms)" in said
    assert (
        "unavailable: median, standard deviation, first inference, loading, memory (benchncnn never prints it)" in said
    )
    assert "bakeoff run" in said
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


def test_json_has_units_and_the_lines_of_the_text(ncnn):
    done = bakeoff("read", ncnn, "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    jsonschema.validate(found, json_schema("tool-numbers"))
    ((tool,),) = [each["tools"] for each in found["files"]]
    first, second = tool["runs"]
    assert first["model"] == {"kind": "available", "text": "squeezenet", "line": 6}
    assert first["values"]["avg"] == {"kind": "available", "value": 3.64, "unit": "ms", "line": 6, "step": None}
    assert first["values"]["median"] == {"kind": "unavailable", "reason": "benchncnn never prints it"}
    assert first["settings"]["gpu_device"]["value"] == -1
    assert first["cautions"] == []
    assert "1.8 times" in second["cautions"][0]


def test_standard_input_is_a_file_too():
    done = subprocess.run(argv("read", "-"), input=NCNN.encode(), capture_output=True, env=environment(), check=False)
    assert done.returncode == 0
    assert b"benchncnn (-)" in done.stdout


def test_what_powershell_writes_is_read(tmp_path):
    for name, data in (
        ("a.txt", NCNN.replace("\n", "\r\n").encode("utf-16")),
        ("b.txt", b"\xef\xbb\xbf" + NCNN.encode()),
    ):
        (tmp_path / name).write_bytes(data)
        done = bakeoff("read", tmp_path / name, "--json")
        assert done.exit_code == 0
        assert ReadNumbers.model_validate_json(done.stdout).files[0].tools[0].runs[0].first_line == 6


def test_a_run_without_a_number_is_shown_and_ends_with_3(tmp_path, ncnn):
    (tmp_path / "failed.txt").write_text(FAILED)
    done = bakeoff("read", tmp_path / "failed.txt", ncnn)
    assert done.exit_code == 3
    said = unwrapped(done.stdout)
    assert "no result: line 3 says: Failed to apply GPU delegate" in said
    assert "squeezenet 20 3.64" in said


def test_a_text_that_nothing_is_known_of_beside_one_that_is_known(tmp_path, ncnn):
    (tmp_path / "notes.txt").write_text("hello\n")
    done = bakeoff("read", tmp_path / "notes.txt", ncnn, "--json")
    assert done.exit_code == 3
    assert f"{tmp_path / 'notes.txt'}: no benchmark tool that is known wrote this" in done.stderr
    notes, _ = ReadNumbers.model_validate_json(done.stdout).files
    assert notes.tools == []
    assert notes.problem


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"hello\n", "no benchmark tool that is known wrote this"),
        (b"", "there is nothing in it"),
        (b"\x00\x01\x02\xff" * 100, "this is no text"),
        (NCNN.partition("avg")[0].rpartition("\n")[0].encode(), "no benchmark tool that is known wrote this"),
    ],
)
def test_what_no_tool_wrote_ends_with_2_and_what_is_read(tmp_path, data, said):
    (tmp_path / "x.txt").write_bytes(data)
    done = bakeoff("read", tmp_path / "x.txt")
    assert (done.exit_code, done.stdout) == (2, "")
    what, remedy = done.stderr.splitlines()
    assert what.startswith(f"bakeoff: {tmp_path / 'x.txt'}: ")
    assert said in what
    for tool in ("benchmark_model", "litert-benchmark", "onnxruntime_perf_test", "benchncnn", "executor_runner"):
        assert tool in remedy
    assert "2>&1" in remedy


@pytest.mark.parametrize("name", ["nowhere.txt", "."])
def test_a_file_that_is_none_is_named(tmp_path, name):
    done = bakeoff("read", tmp_path / name)
    assert done.exit_code == 2
    assert str(tmp_path / name) in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_one_file_that_is_none_does_not_hide_the_others(ncnn, tmp_path):
    done = bakeoff("read", ncnn, tmp_path / "nowhere.txt", "--json")
    assert done.exit_code == 3
    assert f"{tmp_path / 'nowhere.txt'}: no such file" in done.stderr
    known, missing = ReadNumbers.model_validate_json(done.stdout).files
    assert len(known.tools) == 1
    assert (missing.tools, missing.problem) == ([], "no such file")


def test_a_name_that_is_no_text_is_shown_as_far_as_it_is(tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    with open(name, "w") as file:  # noqa: PTH123 - a name of bytes
        file.write(NCNN)
    for more in ([], ["--json"]):
        done = subprocess.run([*argv("read"), name, *more], env=environment(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "squeezenet" in done.stdout.decode()


def test_a_file_far_too_large_is_refused(tmp_path):
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(65 * 2**20)
    done = bakeoff("read", tmp_path / "large.txt")
    assert done.exit_code == 2
    assert "larger than 64 MiB" in done.stderr


def test_every_sample_fits_80_columns_and_names_its_tool():
    sample("SOURCES.tsv")
    for topic in ("litert_benchmark", "ncnn", "executorch", "ort_perf_test"):
        paths = sorted((SAMPLES / topic).iterdir())
        done = bakeoff("read", *paths)
        assert done.exit_code in (0, 3), done.stderr
        assert done.stderr == ""
        assert max(len(line) for line in done.stdout.splitlines()) <= 80
        assert all(path.name in done.stdout.replace("\n", "") for path in paths)


def test_the_documentation_shows_what_is_printed(tmp_path):
    page = (REPOSITORY / "docs" / "read-another-tools-numbers.md").read_text(encoding="utf-8")
    text = page.partition("<<'END'\n")[2].partition("END\n")[0]
    (tmp_path / "tool.txt").write_text(text)
    done = bakeoff("read", "tool.txt", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    shown = page.partition("```text\n")[2].partition("\n```\n")[0]
    assert [line.split() for line in done.stdout.splitlines()] == [line.split() for line in shown.splitlines()]
