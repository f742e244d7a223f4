"""A runner that lies: `LYING_RUNNER=LIE python3 lying_runner.py plan.json records.jsonl`.

It begins as an honest one does, tells its lie, and unless that goes on for ever it says that it is finished. Without a
lie in its environment it is the real runner, whose file `REAL_RUNNER` names.
"""

import hashlib
import json
import os
import runpy
import sys
import time
from pathlib import Path

CONTEXT = {"monotonic_ns": 1}
TERABYTE = 1 << 40


class Journal:
    """Writes records as an honest runner would, or whatever bytes it is given."""

    def __init__(self, path):
        self.folder = Path(path).parent
        self.path = Path(path)
        self.n = 0

    def raw(self, content):
        with self.path.open("ab") as file:
            file.write(content)

    def write(self, record, **fields):
        about = {"record": record, "n": self.n, "session": 0, "monotonic_ns": self.n, **fields}
        self.raw(json.dumps(about).encode() + b"\n")
        self.n += 1

    def output(self, content=None, **changes):
        """One output of the first item of the first arm; `content` becomes its file."""
        path = self.folder / "outputs" / "a0" / "i0.0.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            path.write_bytes(content)
        content = content or b""
        about = {
            "tensor": "sr", "path": "outputs/a0/i0.0.npy", "sha256": hashlib.sha256(content).hexdigest(),
            "dtype": "float32", "shape": [1, 3, 4, 4], "bytes": len(content), **changes,
        }  # fmt: skip
        self.quality(outputs=[about])

    def quality(self, **changes):
        about = {"step": 0, "arm": "a0", "item": "i0", "outputs": [], "latency_ns": 1, **changes}
        self.write("quality_output", **about)


def npy(header, content=bytes(192)):
    """A .npy file with any header."""
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


HONEST = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 4, 4), }\n")


def for_ever(say):
    while True:
        say()


def output_is(journal, make, **changes):
    """An output whose file is no plain file of the length that is told."""
    path = journal.folder / "outputs" / "a0" / "i0.0.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    journal.output(**changes)


def sparse(path):
    path.touch()
    os.truncate(path, TERABYTE)


LIES = {
    # where an output lies
    "an absolute path": lambda j: j.output(HONEST, path=os.environ["LIE_TARGET"]),
    "a path upwards": lambda j: j.output(HONEST, path="../" * 12 + os.environ["LIE_TARGET"].lstrip("/")),
    "a device file": lambda j: j.output(HONEST, path="/dev/zero"),
    # what an output is
    "an output that is a pipe": lambda j: output_is(j, os.mkfifo, bytes=320),
    "an output that leads to a device file": lambda j: output_is(
        j, lambda path: path.symlink_to("/dev/zero"), bytes=320
    ),
    "an output of a terabyte": lambda j: output_is(j, sparse, bytes=TERABYTE),
    "an output that is longer than told": lambda j: output_is(j, sparse, bytes=320),
    "an output that is gone": lambda j: j.output(bytes=320),
    "an output with another hash": lambda j: j.output(HONEST, sha256="0" * 64),
    # what no record is
    "nested brackets": lambda j: j.raw(b"[" * 200_000 + b"\n"),
    "a number of 5000 digits": lambda j: j.raw(b'{"record":"runner_started","n":' + b"9" * 5000 + b"}\n"),
    "not a number": lambda j: j.raw(b'{"record":"runner_started","n":NaN}\n'),
    "bytes that are no text": lambda j: j.raw(b"\xff\xfe\x00\n"),
    "NUL": lambda j: j.quality(item="i0\0"),
    "a record that is null": lambda j: j.raw(b"null\n"),
    "a kind that is a list": lambda j: j.write(["quality_output"]),
    "outputs that are a text": lambda j: j.quality(outputs="all of them"),
    "an output that is a number": lambda j: j.quality(outputs=[7]),
    "no output": lambda j: j.quality(),
    "an arm that is a list": lambda j: j.quality(arm=["a0"]),
    "an item that is a number": lambda j: j.quality(item=0),
    "an item that is a superscript": lambda j: j.quality(item="i²"),
    "a step that is a text": lambda j: j.quality(step="0"),
    "a step of no plan": lambda j: j.write("step_skipped", step=10**6, reason=""),
    "an arm of no plan": lambda j: j.write(
        "arm_failed", arm="a9", step=None, stage="load", error="", message=""
    ),
    "a latency of 10^30": lambda j: j.output(HONEST) or j.write(
        "warm_up_block", step=1, arm="a0", index=0, latency_ns=[10**30]
    ),
    "a record twice": lambda j: setattr(j, "n", 0) or j.write("step_skipped", step=0, reason=""),
    # what has no end
    "a line without end": lambda j: for_ever(lambda: j.raw(b"x" * (1 << 20))),
    "records without end": lambda j: for_ever(lambda: j.write("step_skipped", step=0, reason="x" * 1000)),
    "silence without end": lambda j: for_ever(lambda: time.sleep(0.2)),
    # tensors
    "an empty tensor": lambda j: j.output(b"\n", dtype="float32"),
    "a tensor of 10^12 elements": lambda j: j.output(
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }\n"), shape=[10**12]
    ),
    "a tensor of nested brackets": lambda j: j.output(npy("{'descr': " + "(" * 9000 + "\n")),
    "a tensor of objects": lambda j: j.output(
        npy("{'descr': '|O', 'fortran_order': False, 'shape': (1, 3, 4, 4), }\n")
    ),
    "a tensor of complex numbers": lambda j: j.output(
        npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1, 3, 4, 2), }\n"), dtype="complex64"
    ),
    "a tensor that is an archive": lambda j: j.output(b"PK\x03\x04" + bytes(316)),
}  # fmt: skip


def main(lie, plan_path, records_path):
    json.loads(Path(plan_path).read_bytes())
    journal = Journal(records_path)
    about = {"runner": "python", "runner_version": "1", "wall_time": "", "machine": "", "system": ""}
    journal.write("runner_started", pid=os.getpid(), context=CONTEXT, **about)
    LIES[lie](journal)
    journal.write("runner_finished", reason="complete", context=CONTEXT)


if __name__ == "__main__":
    is_conductor = len(sys.argv) == 3 and sys.argv[1].endswith("/plan.json")
    if is_conductor and os.environ.get("LYING_RUNNER"):
        main(os.environ["LYING_RUNNER"], *sys.argv[1:])
    else:
        sys.argv[0] = os.environ["REAL_RUNNER"]
        runpy.run_path(os.environ["REAL_RUNNER"], run_name="__main__")
