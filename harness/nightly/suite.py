"""suite.toml, typed: which experiments are measured every night, on which devices, within how many minutes.

This file is the shape only; `harness/nightly/suite_file.py` reads the TOML, and `bakeoff check suite.toml` looks at
what the suite names.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from devices.adb.address import ALL, PREFIX
from devices.errors import DeviceError
from devices.open_device import open_device
from harness.nightly.git.models import is_path_in_repository, is_ref
from harness.nightly.telling.settings import Tell
from harness.tasks.declared_table import DeclaredTable

_NAME: Final = r"^[^\x00-\x1f\x7f-\x9f/\\]{1,100}$"


def _device(text: str) -> str:
    if text == ALL:
        return text
    try:
        open_device(text)
    except DeviceError as error:
        msg = f"{error.what}. {error.remedy}"
        raise ValueError(msg) from None
    return text


def _ref(text: str) -> str:
    if not is_ref(text):
        msg = f"{text[:80]!r} is not the name of a commit: write a branch, a tag or a hash"
        raise ValueError(msg)
    return text


def _path(text: str) -> str:
    if not is_path_in_repository(text):
        msg = f"{text[:80]!r} is not a file's path from a repository's top, with / between its folders"
        raise ValueError(msg)
    return text


def _no_option(text: str) -> str:
    if text.startswith("-") or any(character < " " or character == "\x7f" for character in text):
        msg = "a repository is a folder, or a URL beginning with https or ssh"
        raise ValueError(msg)
    return text


DeviceName = Annotated[str, Field(max_length=1000), AfterValidator(_device)]
"""A device as `bakeoff run -d` takes it; `adb:*` is every phone that is attached."""


class ModelFromGit(DeclaredTable):
    """The model of an arm, taken from a repository in place of the file that the experiment names."""

    # A repository's URL may hold a password.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    arm: str = Field(min_length=1, max_length=200)
    """The arm's name in the experiment."""
    repository: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_no_option)]
    """A folder, relative to the suite's, or a URL."""
    ref: Annotated[str, AfterValidator(_ref)] = "HEAD"
    """What is measured: a branch, a tag, a hash."""
    path: Annotated[str, AfterValidator(_path)]
    """The model's path from the repository's top."""


class SuiteExperiment(DeclaredTable):
    """An experiment of the suite."""

    name: str = Field(pattern=_NAME)
    """What its series are called: another name begins them anew."""
    file: str = Field(min_length=1, max_length=4000)
    """Its experiment.toml, relative to the suite's folder."""
    priority: int = Field(default=0, ge=-1000, le=1000)
    """Higher ones are measured first; equal ones in the order of the file."""
    devices: list[DeviceName] | None = Field(default=None, min_length=1, max_length=200)
    """Some of the suite's devices; None: all of them."""
    pairs: int | None = Field(default=None, ge=2, le=10_000)
    """Pairs of blocks instead of the experiment's."""
    models: list[ModelFromGit] = Field(default=[], max_length=100)

    @model_validator(mode="after")
    def _arms_once(self) -> SuiteExperiment:
        arms = [model.arm for model in self.models]
        doubled = next((arm for arm in arms if arms.count(arm) > 1), None)
        if doubled is not None:
            msg = f"two models are for the arm {doubled!r}"
            raise ValueError(msg)
        return self


class HistorySettings(DeclaredTable):
    """Where results are kept for good."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    url: str | None = Field(default=None, max_length=2000)
    """A database as SQLAlchemy names it; None: `$BAKEOFF_HISTORY`, or a file in the user's home. Its password is better
    in `$BAKEOFF_HISTORY_PASSWORD`.
    """


class ChangeSettings(DeclaredTable):
    """What is done about what seems to have changed."""

    measure_again: bool = True
    """Whether it is measured once more in the same night, before anyone is told; else it stays a suspicion."""
    reserve: float = Field(default=0.2, ge=0, le=0.9)
    """The share of the budget that first measurements leave free for that: none is begun that would use it up."""


class Suite(DeclaredTable):
    """The whole suite."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    name: str = Field(pattern=_NAME)
    budget_minutes: float = Field(gt=0, le=10_080)
    """A night is done within so many minutes, whatever is measured by then."""
    devices: list[DeviceName] = Field(min_length=1, max_length=200)
    nights: str = Field(default="nights", min_length=1, max_length=4000)
    """Folder of the nights, relative to the suite's."""
    fetch: bool = False
    """Whether `git fetch` runs in the models' repositories first. It goes by their own configuration, which may name
    programs: only for repositories that you trust.
    """
    retries: int = Field(default=2, ge=0, le=20)
    """How often a measurement is tried again after a fault that may pass (cable, network, a reboot)."""
    retry_wait_s: float = Field(default=30.0, ge=0, le=3600)
    """Before the first of these; twice as long before each further one."""
    quarantine_after: int = Field(default=3, ge=1, le=365)
    """A device on which nothing could be measured in so many nights in a row is let alone until two equal builds look
    equal there again.
    """
    experiments: list[SuiteExperiment] = Field(min_length=1, max_length=1000)
    history: HistorySettings = HistorySettings()
    changes: ChangeSettings = ChangeSettings()
    tell: Tell = Tell()

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    @model_validator(mode="after")
    def _consistent(self) -> Suite:
        names = [experiment.name for experiment in self.experiments]
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled is not None:
            msg = f"two experiments are called {doubled!r}"
            raise ValueError(msg)
        twice = next((name for name in self.devices if self.devices.count(name) > 1), None)
        if twice is not None:
            msg = f"the device {twice!r} is named twice"
            raise ValueError(msg)
        for experiment in self.experiments:
            for device in experiment.devices or ():
                if not self.has(device):
                    msg = f"experiment {experiment.name!r} names the device {device!r}, which `devices` does not"
                    raise ValueError(msg)
        return self

    def has(self, device: str) -> bool:
        """Whether `devices` names it, or every phone and it is one."""
        return device in self.devices or (ALL in self.devices and device.startswith(PREFIX))

    @property
    def in_order(self) -> list[SuiteExperiment]:
        """The experiments, those that are measured first before others."""
        return sorted(self.experiments, key=lambda experiment: -experiment.priority)


def suite_json_schema() -> dict[str, Any]:
    """JSON Schema of suite.toml, for editors."""
    return Suite.model_json_schema(by_alias=True)
