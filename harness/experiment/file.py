"""Reading experiment.toml, with errors that name the key and the nearest valid one."""

from __future__ import annotations

import difflib
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args

from harness.errors import UserError
from harness.plain_file import read_plain_file
from harness.quantity import QUANTITIES
from harness.tasks.registry import TASKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel, ValidationError

    from harness.experiment.declaration import Experiment

_Declared = TypeVar("_Declared", bound="BaseModel")

MOST_BYTES: Final = 16 << 20
"""The most bytes of an experiment.toml."""


@dataclass(frozen=True)
class ExperimentFile:
    """A validated experiment, the bytes it was read from, and the folder its paths are relative to."""

    experiment: Experiment
    content: bytes
    folder: Path

    def resolve(self, path: str) -> Path:
        """A path of the experiment as an absolute one; `~` and `~user` at its beginning are homes, where there are."""
        if "\0" in path:
            raise UserError(f"the path {path!r} holds a NUL character, which no file has in its name", "Take it out.")
        # Not Path.expanduser: that would take the ./ from a name that begins with ~, and fail for the home of nobody.
        # Not Path.resolve: it raises RuntimeError for links that lead to themselves, which whoever opens them says.
        return Path(os.path.realpath(self.folder / os.path.expanduser(path)))  # noqa: PTH111


def read_experiment(path: Path) -> ExperimentFile:
    """Read and validate. Raises `UserError` naming the file, the key and what to write instead."""
    try:
        content = read_plain_file(path, most_bytes=MOST_BYTES)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", "`bakeoff init` writes one for your models and data.") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    return parse_experiment(content, path)


def parse_experiment(content: bytes, path: Path) -> ExperimentFile:
    """Validate the text of an experiment that lies (or lay) at `path`. Raises `UserError`."""
    from harness.experiment.declaration import Experiment

    experiment = declared(toml_table(content, path, "experiment"), path, Experiment)
    return ExperimentFile(experiment=experiment, content=content, folder=path.resolve().parent)


def toml_table(content: bytes, path: Path, kind: str) -> dict[str, Any]:
    """The TOML of a file at `path`; `kind` is what `bakeoff schema` calls such files. Raises `UserError`."""
    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: is not valid TOML: {error}") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, lists of lists of lists
        raise UserError(
            f"{path}: holds a number with too many digits, or tables and lists too deep in each other",
            f"No {kind} has either: `bakeoff schema {kind}` says what one holds.",
        ) from None


def declared(table: dict[str, Any], path: Path, model: type[_Declared], *, secret: Sequence[str] = ()) -> _Declared:
    """The table of a file at `path`, validated; what is given below the keys of `secret` is never shown.

    Raises `UserError` naming the key, and the nearest valid one.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise _in_words(error, path, model, secret) from None


def _in_words(error: ValidationError, path: Path, model: type[BaseModel], secret: Sequence[str]) -> UserError:
    """The first fault in words; the number of others is said."""
    faults = error.errors(include_url=False)
    # An unknown key explains a missing one beside it (a typo), so it is said first.
    fault = next((each for each in faults if each["type"] == "extra_forbidden"), faults[0])
    where = _place(_written(fault["loc"]))
    more = f" ({len(faults) - 1} more after this one)" if len(faults) > 1 else ""
    if fault["type"] == "extra_forbidden":
        key = str(fault["loc"][-1])
        known = _keys_at(model, fault["loc"][:-1])
        return UserError(f"{path}: unknown key `{where}`{more}", _nearest(key, known))
    if fault["type"] == "missing":
        return UserError(f"{path}: `{where}` is missing{more}")
    message = str(fault["msg"]).removeprefix("Value error, ")
    remedy = ""
    if message.startswith("unknown quantity "):
        remedy = _nearest(message.split("'")[1], list(QUANTITIES))
    if fault["type"] == "too_short" and fault.get("input") in ([], {}):
        message = "is empty; it holds at least one"
        return UserError(f"{path}: `{where}` {message}{more}", remedy)
    given = fault.get("input")
    is_shown = not set(secret) & set(fault["loc"])
    if is_shown and fault["type"] not in {"value_error", "too_short"} and isinstance(given, (str, int, float, bool)):
        message += f", not {given!r}"
    return UserError(f"{path}: {f'`{where}`: ' if where else ''}{message}{more}", remedy)


def _written(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A location as the file has it: without the task that a table was read as."""
    return tuple(
        part for index, part in enumerate(location) if not (part in TASKS and location[index - 1] in {"data", "tensor"})
    )


def _place(location: tuple[int | str, ...]) -> str:
    place = ""
    for part in location:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else part
    return place


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The valid keys of the table at a location."""
    table: Any = model
    choices: list[Any] = []
    for part in location:
        if isinstance(part, int):
            continue
        if len(choices) > 1 and part in TASKS:
            table = next(each for each in choices if part in get_args(each.model_fields["task"].annotation))
            continue
        annotation = next(field.annotation for name, field in table.model_fields.items() if part in {name, field.alias})
        choices = _tables_in(annotation)
        table = choices[0]
    return [field.alias or name for name, field in table.model_fields.items()]


def _tables_in(annotation: Any) -> list[Any]:
    """The tables that an annotation names, at any depth."""
    if hasattr(annotation, "model_fields") and not get_args(annotation):
        return [annotation]
    return [table for inner in get_args(annotation) for table in _tables_in(inner)]


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f"Did you mean `{close[0]}`?"
    return f"Known here: {', '.join(known)}."
