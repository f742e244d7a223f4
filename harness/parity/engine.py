"""Runs models and parts of models on this machine, in one child process that may crash, hang or fill its memory."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.scratch_folder import scratch_folder

Array = NDArray[Any]
Optimise = Literal["none", "extended", "all"]
PATIENCE_S: Final = 600.0


class Loaded(Protocol):
    """A model that is loaded, here or elsewhere."""

    inputs: list[str]
    outputs: list[str]

    def expect(self, feeds: Iterable[Mapping[str, Array]]) -> None:
        """What `run` will be asked for, told beforehand: what is far away runs all of it at once."""
        ...

    def run(self, feeds: Mapping[str, Array], fetch: Sequence[str] | None = None) -> dict[str, Array]:
        """Arrays by the names of inputs → arrays by the names of outputs. Raises `EngineError`."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class Opens(Protocol):
    """What loads models: a child of this process, or a device."""

    is_far: bool
    """Whether a model is pushed, and runs on all that it will be asked for at once."""
    where: str
    """A clause that says where; empty for here."""
    folder: Path

    def open(
        self,
        model: bytes | Path,
        *,
        optimise: Optimise,
        dump: Path | None = None,
        provider: str | None = None,
        preserve: bool = False,
    ) -> Loaded:
        """Load a model. Raises `EngineError`."""
        ...


class EngineError(Exception):
    """A model did not load or run. The text is one line that says why."""


class Engine:
    """The child, and the models that it holds open."""

    is_far = False
    where = ""

    def __init__(self, folder: Path, *, child: str = "engine_child.py", patience_s: float = PATIENCE_S) -> None:
        self.folder = folder
        self._patience_s = patience_s
        self._opened = 0
        self._said = (folder / "said.txt").open("w+b")
        self._child = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name(child)), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            cwd=folder,
        )

    def open(
        self,
        model: bytes | Path,
        *,
        optimise: Optimise,
        dump: Path | None = None,
        provider: str | None = None,
        preserve: bool = False,
    ) -> Session:
        """Load a model; with `preserve`, one of TensorFlow Lite that also hands out tensor 7 as `t7`. Raises
        `EngineError`.
        """
        self._opened += 1
        key = str(self._opened)
        path = model if isinstance(model, Path) else self.folder / f"model-{key}"
        if isinstance(model, bytes):
            path.write_bytes(model)
        try:
            answer = self.ask(
                do="open", key=key, path=str(path.resolve()), optimise=optimise, provider=provider,
                dump=None if dump is None else str(dump), preserve=preserve,
            )  # fmt: skip
        finally:
            if isinstance(model, bytes):
                path.unlink(missing_ok=True)
        return Session(self, key, answer["inputs"], answer["outputs"])

    def ask(self, **request: Any) -> dict[str, Any]:
        """One request and its answer. Raises `EngineError`."""
        assert self._child.stdin is not None
        try:
            self._child.stdin.write((json.dumps(request) + "\n").encode())
            self._child.stdin.flush()
        except OSError:
            raise EngineError(self._end()) from None
        answer = json.loads(self._line())
        if "failed" in answer:
            raise EngineError(answer["failed"])
        return dict(answer)

    def give(self, feeds: Mapping[str, Array]) -> None:
        """Lay arrays out for the next request."""
        with (self.folder / "in.npy").open("wb") as file:
            for array in feeds.values():
                np.save(file, array, allow_pickle=False)

    def made(self, names: Sequence[str]) -> dict[str, Array]:
        """The arrays that the last request made."""
        with (self.folder / "out.npy").open("rb") as file:
            return {name: np.load(file, allow_pickle=False) for name in names}

    def _line(self) -> bytes:
        assert self._child.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.stdout, selectors.EVENT_READ)
            if not selector.select(self._patience_s):
                self._child.kill()
                raise EngineError(f"it was not done within {self._patience_s:.0f} s")
        line = self._child.stdout.readline()
        if not line:
            raise EngineError(self._end())
        return line

    def _end(self) -> str:
        code = self._child.wait()
        self._said.seek(0)
        lines = self._said.read()[-4000:].decode("utf-8", "replace").strip().splitlines()
        return (
            f"the runtime crashed (signal {-code})" if code < 0 else lines[-1][:300] if lines else f"exit code {code}"
        )

    def close(self) -> None:
        """End the child."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.kill()
        self._child.wait()
        self._child.stdin.close()
        self._child.stdout.close()
        self._said.close()


class Session:
    """A model that is loaded."""

    def __init__(self, engine: Engine, key: str, inputs: list[str], outputs: list[str]) -> None:
        self._engine, self._key = engine, key
        self.inputs, self.outputs = inputs, outputs

    def expect(self, feeds: Iterable[Mapping[str, Array]]) -> None:
        """Nothing: it is asked when it is asked."""

    def run(self, feeds: Mapping[str, Array], fetch: Sequence[str] | None = None) -> dict[str, Array]:
        """Arrays by the names of inputs → arrays by the names of outputs. What is no array of numbers is left out.

        Raises `EngineError`.
        """
        self._engine.give(feeds)
        answer = self._engine.ask(
            do="run", key=self._key, feeds=list(feeds), fetch=self.outputs if fetch is None else list(fetch)
        )
        return self._engine.made(answer["made"])

    def close(self) -> None:
        """Let it go."""
        self._engine.ask(do="close", key=self._key)


@contextmanager
def engine(child: str = "engine_child.py") -> Iterator[Engine]:
    """A child, by the name of its file, for as long as it is needed."""
    with scratch_folder("parity") as folder:
        made = Engine(folder, child=child)
        try:
            yield made
        finally:
            made.close()
