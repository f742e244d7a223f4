"""experiment.toml, typed: what is compared, on what data, by which rules written down before the run.

This file is the shape only; `harness/experiment/file.py` reads the TOML. What can be read from a model (tensor names,
shapes, dtypes, quantisation) is not asked for here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from devices.browsers.known_browsers import why_unknown
from devices.runtimes.registry import RUNTIMES, runs_in_a_page
from harness.experiment.launches import NEVER, FirstLook, first_look_in_launches, launch_sizes
from harness.experiment.scores_file import DeclaredScores
from harness.own_scores import make_known
from harness.quantity import QUANTITIES, Pass, Quantity
from harness.tasks.declared_table import DeclaredTable
from harness.tasks.names import DEFAULT_TASK
from harness.tasks.registry import TASKS, Data, TaskTensor, task_of
from harness.tasks.task import AnyTask
from harness.unit import UNITS


def _in_order(cores: list[int]) -> list[int]:
    if len(set(cores)) != len(cores):
        msg = "a core is named twice"
        raise ValueError(msg)
    return sorted(cores)


def _of_a_runtime(accelerator: str) -> str:
    known = sorted({each for spec in RUNTIMES.values() for each in spec.accelerators})
    if accelerator not in known:
        msg = f"no runtime has an accelerator {accelerator[:40]!r}; there are {', '.join(known)}"
        raise ValueError(msg)
    return accelerator


FEWEST_ITEMS = 6
"""With fewer even the most extreme pattern of signs is no more than chance, and a few alike hide how others would
do.
"""
DEFAULT_ENERGY_CYCLES = 8
DEFAULT_SUSTAINED_CYCLES = 6
"""The t interval of six is 2.6 standard errors to either side; of five 2.8, of three 4.3."""
DEFAULT_PAGE_REPEATS = 5
FEWEST_CYCLES_TO_LOOK = 6
"""With fewer an interval that allows for looking bounds nothing at 95 %."""


Accelerator = Annotated[str, AfterValidator(_of_a_runtime)]
"""A name that the SPEC of some runtime has; whether the arm's own has it, `resolve` says."""

CoreKind = Literal["big", "little", "prime"]
"""Cores by their maximum clock on the device: the slowest (`little`), the fastest (`prime`), and `big`, which is all
between them, or the faster of two kinds.
"""
CoreNumbers = Annotated[
    list[Annotated[int, Field(ge=0, le=1023)]], Field(min_length=1, max_length=1024), AfterValidator(_in_order)
]
Cores = CoreNumbers | CoreKind

OptionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
BrowserName = Annotated[str, Field(max_length=400, pattern=r"^[A-Za-z0-9_/][^\x00-\x1f\x7f]*$")]
OptionValue = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Arm(DeclaredTable):
    """One of the things compared: a model in a runtime, with its settings."""

    name: str = Field(min_length=1, max_length=200)
    role: Literal["baseline", "candidate"]
    model: str
    runtime: str = Field(pattern=r"^[A-Za-z0-9._-]+(==[A-Za-z0-9.+_-]+)?$")
    """`onnxruntime` for the tested version, or `onnxruntime==1.32.0`."""
    accelerator: Accelerator = "cpu"
    """What the model is to run on; what the accelerator does not take, the CPU does, and that is told. Of a runtime in
    a web page `wasm` where none is given.
    """
    accelerator_options: dict[OptionName, OptionValue] = Field(default={}, max_length=64)
    """Options of the runtime's provider, by its own names; all of them text."""
    threads: int = Field(default=1, ge=1, le=256)
    cores: Cores | None = None
    """CPU cores that the arm may run on: numbers, or `big`, `little`, `prime`."""
    browser: BrowserName | None = None
    """The browser of a runtime in a web page: `chrome`, `chromium`, `edge`, `firefox`, `samsung`, or the path of a
    program on the device, or an app's package; another word is refused. None: the first that the device has.
    """
    tensor: TaskTensor | None = None
    """Where this arm's tensors differ from `data.tensor`."""

    @model_validator(mode="before")
    @classmethod
    def _runs_on_what_the_runtime_begins_with(cls, table: Any) -> Any:
        """A page has no `cpu`: where no accelerator is given, its first is meant."""
        if not isinstance(table, dict) or "accelerator" in table or not isinstance(table.get("runtime"), str):
            return table
        spec = RUNTIMES.get(table["runtime"].split("==")[0])
        return table if spec is None or spec.web is None else {**table, "accelerator": spec.accelerators[0]}

    @model_validator(mode="after")
    def _is_of_a_page_or_not(self) -> Arm:
        spec = RUNTIMES.get(self.runtime_name)
        if spec is None:
            return self
        if spec.web is None and self.browser is not None:
            msg = f"a browser is given, and {self.runtime_name} does not run in one"
            raise ValueError(msg)
        unknown = why_unknown(self.browser) if self.browser is not None else None
        if unknown is not None:
            raise ValueError(unknown)
        if spec.web is not None and self.cores is not None:
            msg = f"cores are given, and {self.runtime_name} runs in a browser, which chooses its own: leave cores out"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _options_have_an_accelerator(self) -> Arm:
        if self.accelerator == "cpu" and self.accelerator_options:
            msg = "accelerator_options are given, and accelerator is 'cpu', which takes none"
            raise ValueError(msg)
        return self

    @property
    def runtime_name(self) -> str:
        """The runtime without its version."""
        return self.runtime.split("==")[0]

    @property
    def runtime_version(self) -> str | None:
        """The version asked for, or None."""
        return self.runtime.split("==")[1] if "==" in self.runtime else None


class GateBounds(DeclaredTable):
    """What must hold before each block, on devices that can say it. What they cannot say is no gate there."""

    temperature_max_celsius: float | None = Field(default=None, gt=0, le=150)
    """None: back to within `temperature_rise_celsius` of where the pass began."""
    temperature_rise_celsius: float = Field(default=5.0, gt=0, le=100)
    thermal_status_max: int = Field(default=1, ge=0, le=6)
    """Android's: 0 none, 1 light, 2 moderate, 3 severe, …"""
    battery_min_percent: float = Field(default=25.0, ge=0, le=100)
    on_battery: bool = False
    """Wait until the battery is no longer charged. Always so for energy where the battery is the source."""
    others_busy_cores: float | None = Field(default=1.0, gt=0)
    """Cores kept busy by others; None for no gate."""
    max_wait_s: float = Field(default=20.0, ge=0, le=86_400)
    """Before one block."""
    max_wait_total_s: float = Field(default=180.0, ge=0, le=604_800)
    """The bound on all waits of one pass together."""
    cool_rise_celsius: float = Field(default=3.0, gt=0, le=100)
    """Before a long block, of energy or of sustained use: back to within this of where the runner started, before
    anything had worked. In place of `temperature_rise_celsius`, since heat that is left over is in what a long block
    measures.
    """
    cool_wait_s: float = Field(default=300.0, ge=0, le=86_400)
    """How long that is waited for before one long block, beside what `max_wait_s` and `max_wait_total_s` allow: a phone
    without a fan loses half of what it is warmer than its surroundings in three to four minutes.
    """
    cool_first_s: float = Field(default=60.0, ge=0, le=86_400)
    """The device rests this long at least before the first long block."""


class Energy(DeclaredTable):
    """Long alternating blocks, with idle ones between."""

    cycles: int | None = Field(default=None, ge=0, le=1000)
    """Each holds one block of every arm, with idling right before it. None: 8 where a rule is on energy, else 0."""
    min_cycles: int | None = Field(default=None, ge=FEWEST_CYCLES_TO_LOOK, le=1000)
    """The energy pass of a sequential design ends, from so many cycles on, as soon as every rule on energy is decided,
    with intervals that allow for the looking; `cycles` is then the most that is spent. None: exactly `cycles`.
    """
    block_s: float = Field(default=20.0, gt=0, le=86_400)
    idle_s: float = Field(default=10.0, gt=0, le=86_400)
    lead_in_s: float = Field(default=2.0, ge=0, le=3600)
    sample_ms: float = Field(default=250.0, ge=10, le=60_000)
    source: str | None = None
    """Name of the energy source to use; None: the most trustworthy that the device has."""
    meter_csv: str | None = None
    """File of an external meter, written while the device measures: read when the run is analysed."""
    meter_offset_s: float | None = Field(default=None, ge=-1e6, le=1e6)
    """The device's clock minus the meter's; None: looked for, around what the file's own dates say."""
    unplugged: bool = False
    """Ask for the cable to be pulled, and measure once the device says that it discharges."""

    @property
    def unseen(self) -> str | None:
        """Why nothing is known of the energy while it is measured; None where it is."""
        if self.meter_csv is not None and self.source in (None, "external_meter"):
            return "a meter's file is read when all is over, and nothing is known on the way"
        if self.unplugged:
            return "a phone without its cable is not watched"
        return None


class Sustained(DeclaredTable):
    """Each arm alone in long blocks, from one temperature: what a user of a long session gets, heat included. Where
    energy is measured its blocks serve, so long and so many as either asks.
    """

    cycles: int | None = Field(default=None, ge=0, le=1000)
    """Each holds one block of every arm. None: 6 where a rule is on sustained latency, else 0."""
    block_s: float = Field(default=120.0, gt=0, le=86_400)
    """Its second half counts. Where an arm still slows down then, that is told, and no rule is met on it."""
    rest_s: float = Field(default=20.0, gt=0, le=86_400)
    """The device rests this long at least right before each block; where a temperature can be read longer, until it is
    back (`measure.gates.cool_rise_celsius`).
    """


class Page(DeclaredTable):
    """Each arm that runs in a web page, in a fresh tab alone: whether the page stays smooth while it infers."""

    repeats: int | None = Field(default=None, ge=0, le=100)
    """Fresh tabs of each such arm. None: 5 where a rule is on what is measured there, else 0."""
    work_s: float = Field(default=2.0, gt=0, le=3600)
    """How long the page infers without pause while it animates."""


@dataclass(frozen=True)
class LongBlocks:
    """Blocks of one arm alone, with idling right before each: those of energy and of sustained use are the same ones.

    Every cycle holds one of each arm.
    """

    cycles: int
    block_s: float
    idle_s: float


class Held(DeclaredTable):
    """What is held still on the device while it measures, where this user is root there: users' devices move. Recorded,
    and always undone.
    """

    governor: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_-]{0,30}$")
    """The governor of every clock, such as `performance`; None leaves it to the device."""
    charging: Literal["off"] | None = None
    """`off`: the battery is not charged though the cable is in, on phones with a switch for it that is known."""


class Measure(DeclaredTable):
    """How much is measured, and the bounds."""

    design: Literal["sequential", "fixed"] = "sequential"
    """`sequential`: the latency pass ends as soon as every rule on latency is decided, with intervals that allow for
    the looking; `pairs` is then the most that is spent; and so does the energy pass where `energy.min_cycles` is given.
    `fixed`: exactly `pairs`, and `energy.cycles`.
    """
    min_pairs: int = Field(default=10, ge=2, le=10_000)
    """A sequential pass never ends before."""
    pairs: int = Field(default=30, ge=2, le=10_000)
    launches: int | None = Field(default=None, ge=1, le=10_000)
    """Fresh processes of every arm over the latency pass, which the pairs are spread over: what is counted. None: one
    for every three pairs, and at least six. 1: the processes of the whole pass stay the same, and pairs are counted:
    what two processes of one model differ by is then in no interval.
    """
    block_ms: float = Field(default=250.0, gt=0, le=60_000)
    block_min_inferences: int = Field(default=5, ge=1, le=1_000_000)
    block_max_inferences: int = Field(default=2000, ge=1, le=1_000_000)
    lead_in_inferences: int = Field(default=2, ge=0, le=1_000_000)
    settle_ms: float = Field(default=20.0, ge=0, le=60_000)
    latency_item: str | None = None
    """Stem of the item used for latency and memory; the first by name when not given."""
    memory_repeats: int = Field(default=5, ge=0, le=100)
    memory_inferences: int = Field(default=10, ge=1, le=1_000_000)
    warm_up_max_blocks: int = Field(default=30, ge=3, le=10_000)
    max_minutes: float = Field(default=60.0, gt=0, le=100_000)
    step_timeout_s: float = Field(default=300.0, gt=0, le=86_400)
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    metrics: list[str] = Field(default=list(TASKS[DEFAULT_TASK].default_metrics))
    """Those of the task that `data.task` names, where none are listed."""
    own_metric_timeout_s: float = Field(default=120.0, gt=0, le=86_400)
    """How long a metric of an installed package may take for one item, in its own process; then the item has none."""
    min_items: int = Field(default=FEWEST_ITEMS, ge=2, le=1_000_000)
    """Rules on scores are open with fewer items than this, or fewer scenes where items are crops. Whoever asks for
    fewer is told what a verdict rests on.
    """
    gates: GateBounds = GateBounds()
    energy: Energy = Energy()
    sustained: Sustained = Sustained()
    page: Page = Page()
    hold: Held = Held()
    allow_software_renderer: bool = False
    """Whether the times of an arm whose browser has no GPU, but a program in its stead, may decide rules."""
    reference_ms: float = Field(default=5.0, ge=0, le=1000)
    """Fixed work of the runner's own before each block, by which throttling shows; 0 for none."""

    @property
    def launch_sizes(self) -> list[int]:
        """Pairs in each launch of the latency pass."""
        return launch_sizes(self.pairs, self.launches)

    @property
    def first_look(self) -> FirstLook:
        """From when on the latency pass may end; its members are None where it has a fixed number of pairs, which it
        also has where `min_pairs` leaves nothing to be saved: a single look needs no allowance for looking.
        """
        if self.design != "sequential" or self.min_pairs >= self.pairs:
            return NEVER
        return FirstLook(self.min_pairs, first_look_in_launches(self.launch_sizes, self.min_pairs))


_AMOUNT_PATTERN = r"^\s*([0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*(%|[A-Za-z]*)\s*$"
_AMOUNT = re.compile(_AMOUNT_PATTERN)


class Amount(BaseModel):
    """A number with `%` or a unit, as the user wrote it: `5 %`, `0.1 dB`, `40 MB`, `0.002`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    number: float
    unit: str

    def fraction(self) -> float:
        """5 % as 0.05. Raises ValueError where the amount is not a percentage."""
        if self.unit != "%":
            msg = f"{self.text!r} is not a percentage"
            raise ValueError(msg)
        return self.number / 100.0

    def is_share(self, quantity: Quantity) -> bool:
        """Whether, as a difference of two scores in per cent, it is a share of the baseline's value, not in points."""
        return quantity.scale == "difference" and quantity.unit == "%" and self.unit == "%"

    def in_unit(self, unit: str) -> float:
        """A value in the stored unit of a quantity (ns, bytes, mJ, dB, % or none). Raises ValueError for a foreign
        unit.
        """
        return self._times(UNITS[unit].amounts)

    def difference_in(self, unit: str) -> float:
        """A difference of two values in the stored unit of a quantity: of percentages it is in points. Raises
        ValueError for a foreign unit.
        """
        return self._times(UNITS[unit].difference_amounts)

    def _times(self, factors: Mapping[str, float]) -> float:
        if self.unit not in factors:
            expected = ", ".join(name or "a plain number" for name in factors)
            msg = f"{self.text!r} has the unit {self.unit!r}; expected {expected}"
            raise ValueError(msg)
        return self.number * factors[self.unit]


def _parse_amount(value: Any) -> Any:
    if isinstance(value, (Amount, dict)):
        return value
    text = str(value)
    match = None if isinstance(value, bool) else _AMOUNT.match(text)
    if match is None:
        msg = f"{text!r} is not an amount; write for example '5 %', '0.1 dB', '0.5 points', '40 MB' or 0.002"
        raise ValueError(msg)
    return Amount(text=text.strip(), number=float(match[1]), unit=match[2])


AmountField = Annotated[
    Amount,
    BeforeValidator(_parse_amount),
    PlainSerializer(lambda amount: amount.text, return_type=str),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _AMOUNT_PATTERN}, {"type": "number", "minimum": 0}]}),
]
"""Written and kept as the user's own text."""


def _make_scores_known(table: Mapping[str, Any]) -> None:
    """Scores that are not of this house become quantities before anything asks what a quantity is: those that the
    experiment declares, and, where it names what is not known, those of installed metrics.
    """
    declared = table.get("scores")
    for one in declared if isinstance(declared, list) else []:
        if isinstance(one, dict):
            try:
                scores = DeclaredScores.model_validate(one)
            except ValidationError:
                continue  # said at its place, when the table itself is validated
            make_known(scores.score)
        elif isinstance(one, DeclaredScores):
            make_known(one.score)
    measure, rules = table.get("measure"), table.get("rules")
    metrics = measure.get("metrics") if isinstance(measure, dict) else getattr(measure, "metrics", None)
    asked = [rule.get("quantity") for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    named = [*metrics, *asked] if isinstance(metrics, list) else asked
    if any(isinstance(name, str) and name not in QUANTITIES for name in named):
        from harness.installed_metrics import load_installed_metrics  # only where something unknown is asked for

        load_installed_metrics()


def _unknown_quantity(name: str) -> str:
    from harness.installed_metrics import load_installed_metrics  # as above

    refused = load_installed_metrics().get(name)
    return f"unknown quantity {name!r}" if refused is None else f"the installed metric {name!r} is refused: {refused}"


def _unknown_metric(name: str, known: Sequence[str]) -> str:
    from harness.installed_metrics import load_installed_metrics  # as above

    refused = load_installed_metrics().get(name)
    if refused is not None:
        return f"the installed metric {name!r} in measure.metrics is refused: {refused}"
    return f"unknown metric {name!r} in measure.metrics; known: {', '.join(known)}"


class Rule(DeclaredTable):
    """One rule on one quantity, decided before the run. Exactly one of the three bounds is given.

    - `improve_by_at_least`: the candidate is better by this much (`5 %` of the baseline; or in the quantity's unit
    for scores; of scores in per cent `2 points`, or `2 %` of the baseline's value);
    - `no_worse_than`: non-inferiority margin (`2 %`; or `0.1 dB`, `0.5 points`);
    - `at_most` / `at_least`: a bound on the candidate's own value (`40 ms`, `30 dB`, `92 %`).

    For scores `item_margin` and `worst_share` bound the tail: at most `worst_share` of the items may be worse than the
    baseline by more than `item_margin`.

    `group`: the rule is on the items of this group alone (`data.groups`), such as `night`.
    """

    quantity: str
    group: str | None = Field(default=None, min_length=1, max_length=200)
    improve_by_at_least: AmountField | None = None
    no_worse_than: AmountField | None = None
    at_most: AmountField | None = None
    at_least: AmountField | None = None
    item_margin: AmountField | None = None
    worst_share: AmountField | None = None

    @model_validator(mode="after")
    def _group_of_items(self) -> Rule:
        if (
            self.group is not None
            and self.quantity in QUANTITIES
            and QUANTITIES[self.quantity].measured_in != "quality"
        ):
            msg = f"group is for scores; {self.quantity} is not measured item by item"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _one_bound(self) -> Rule:
        if self.quantity not in QUANTITIES:
            raise ValueError(_unknown_quantity(self.quantity))
        bounds = [self.improve_by_at_least, self.no_worse_than, self.at_most, self.at_least]
        if sum(bound is not None for bound in bounds) != 1:
            msg = "give exactly one of improve_by_at_least, no_worse_than, at_most, at_least"
            raise ValueError(msg)
        quantity = QUANTITIES[self.quantity]
        relative = self.improve_by_at_least or self.no_worse_than
        if relative is not None:
            if quantity.scale == "ratio":
                if relative.fraction() >= 1.0 and self.improve_by_at_least is not None:
                    msg = f"{quantity.name} cannot improve by {relative.text}"
                    raise ValueError(msg)
            elif relative.is_share(quantity) and quantity.measured_in == "votes":
                msg = f"{relative.text!r} of a share of votes says little; write '{relative.number:g} points'"
                raise ValueError(msg)
            elif not relative.is_share(quantity):
                if quantity.unit == "%" and relative.unit == "":
                    points, share = f"{relative.number:g} points", f"{relative.number:g} %"
                    msg = f"{relative.text!r} has no unit; write {points!r}, or {share!r} of the baseline's value"
                    raise ValueError(msg)
                relative.difference_in(quantity.unit)
        absolute = self.at_most or self.at_least
        if absolute is not None:
            absolute.in_unit(quantity.unit)
        if (self.item_margin is None) != (self.worst_share is None):
            msg = "item_margin and worst_share go together"
            raise ValueError(msg)
        if self.item_margin is not None and self.worst_share is not None:
            if quantity.measured_in != "quality" or quantity.over == "set":
                msg = f"item_margin is for scores of single items; {quantity.name} has no items"
                raise ValueError(msg)
            self.item_margin.difference_in(quantity.unit)
            self.worst_share.fraction()
        return self


class Experiment(DeclaredTable):
    """The whole experiment."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    name: str = Field(min_length=1, max_length=200)
    question: str = Field(min_length=1, max_length=2000)
    data: Data
    arms: list[Arm] = Field(min_length=2)
    measure: Measure = Measure()
    rules: list[Rule] = Field(min_length=1)
    scores: list[DeclaredScores] = Field(default=[], max_length=16)
    """Scores made elsewhere, each in a file of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    @model_validator(mode="before")
    @classmethod
    def _of_one_task(cls, table: Any) -> Any:
        """What one table says of the task holds for the others: whose tables the arms' `tensor` are, and which metrics
        are meant where none are listed.
        """
        if isinstance(table, dict):
            _make_scores_known(table)
        name = task_of(table.get("data")) if isinstance(table, dict) else None
        if name is None:
            return table
        if not isinstance(name, str) or name not in TASKS:
            msg = f"unknown task {name!r} in data.task; known: {', '.join(TASKS)}"
            raise ValueError(msg)
        filled = dict(table)
        if isinstance(table.get("arms"), list):
            filled["arms"] = [_with_task(arm, name) for arm in table["arms"]]
        measure, metrics = table.get("measure", {}), list(TASKS[name].default_metrics)
        if isinstance(measure, dict):
            filled["measure"] = {"metrics": metrics, **measure}
        elif isinstance(measure, Measure) and "metrics" not in measure.model_fields_set:
            filled["measure"] = measure.model_copy(update={"metrics": metrics})
        return filled

    @model_validator(mode="after")
    def _consistent(self) -> Experiment:
        names = [arm.name for arm in self.arms]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            msg = f"two arms are called {doubled[0]!r}"
            raise ValueError(msg)
        baselines = [arm.name for arm in self.arms if arm.role == "baseline"]
        if len(baselines) != 1:
            msg = f"exactly one arm has the role 'baseline'; here {len(baselines)} have"
            raise ValueError(msg)
        strange = next((arm for arm in self.arms if task_of(arm.tensor or self.data) != self.data.task), None)
        if strange is not None:
            msg = f"the tensor of arm {strange.name!r} is of another task than data.task = {self.data.task!r}"
            raise ValueError(msg)
        known = self.task.offered_metrics()
        unknown = [metric for metric in self.measure.metrics if metric not in known]
        if unknown:
            raise ValueError(_unknown_metric(unknown[0], known))
        made_elsewhere = [one.quantity for one in self.scores]
        twice = next((one for one in made_elsewhere if made_elsewhere.count(one) > 1), None)
        if twice is not None:
            msg = f"two of [[scores]] are called {twice!r}"
            raise ValueError(msg)
        for rule in self.rules:
            quantity = QUANTITIES[rule.quantity]
            if quantity.measured_in == "quality" and rule.quantity not in self.score_names:
                msg = f"a rule is on {rule.quantity!r}, which measure.metrics does not list"
                raise ValueError(msg)
            if rule.group is not None and self.data.groups is None:
                msg = f"a rule is on the group {rule.group!r}, and data.groups is not given"
                raise ValueError(msg)
            if quantity.measured_in == "votes" and not self.task.shows_pictures:
                msg = f"a rule is on {rule.quantity!r}, and this task has nothing that people could look at"
                raise ValueError(msg)
            setting, repeats = self._repeats_of(quantity.measured_in)
            if repeats == 0:
                msg = f"a rule is on {rule.quantity!r}, and measure.{setting} is 0"
                raise ValueError(msg)
            if quantity.measured_in == "page" and not any(runs_in_a_page(arm.runtime_name) for arm in self.arms):
                msg = f"a rule is on {rule.quantity!r}, and no arm runs in a web page"
                raise ValueError(msg)
        return self

    def _repeats_of(self, of_pass: Pass) -> tuple[str, int | None]:
        """Where under `measure` it stands how often a pass repeats itself, and what: None where that follows."""
        measure = self.measure
        repeats: dict[Pass, tuple[str, int | None]] = {
            "memory": ("memory_repeats", measure.memory_repeats),
            "energy": ("energy.cycles", measure.energy.cycles),
            "sustained": ("sustained.cycles", measure.sustained.cycles),
            "page": ("page.repeats", measure.page.repeats),
        }
        return repeats.get(of_pass, ("", None))

    @property
    def task(self) -> AnyTask:
        """What the items are, and all that follows from it."""
        return TASKS[self.data.task].of(self.data)

    @property
    def rules_on_all(self) -> list[Rule]:
        """Those that are not on one group of items."""
        return [rule for rule in self.rules if rule.group is None]

    @property
    def score_names(self) -> list[str]:
        """Every score that items get: of the metrics, and made elsewhere."""
        return [*self.measure.metrics, *(one.quantity for one in self.scores)]

    @property
    def energy_cycles(self) -> int:
        """How many cycles of energy blocks each device measures."""
        return self._as_said_or_ruled("energy", DEFAULT_ENERGY_CYCLES)

    @property
    def sustained_cycles(self) -> int:
        """How many cycles of long blocks each device measures for the sake of sustained use."""
        return self._as_said_or_ruled("sustained", DEFAULT_SUSTAINED_CYCLES)

    @property
    def page_repeats(self) -> int:
        """How many fresh tabs each device measures of every arm that runs in a web page, for the sake of its frames."""
        return self._as_said_or_ruled("page", DEFAULT_PAGE_REPEATS)

    def _as_said_or_ruled(self, of_pass: Pass, default: int) -> int:
        """How often a pass repeats itself: as `measure` says, else the default where a rule needs it, else never."""
        _, repeats = self._repeats_of(of_pass)
        if repeats is not None:
            return repeats
        return default if any(QUANTITIES[rule.quantity].measured_in == of_pass for rule in self.rules) else 0

    def long_blocks(self, *, measures_energy: bool) -> LongBlocks:
        """The long blocks of a device: of both kinds at once where it measures energy, and else of sustained use."""
        energy, sustained = self.measure.energy, self.measure.sustained
        asked = []
        if measures_energy and self.energy_cycles:
            asked.append(LongBlocks(self.energy_cycles, energy.block_s, energy.idle_s))
        if self.sustained_cycles:
            asked.append(LongBlocks(self.sustained_cycles, sustained.block_s, sustained.rest_s))
        if not asked:
            return LongBlocks(0, energy.block_s, energy.idle_s)
        return LongBlocks(
            max(one.cycles for one in asked), max(one.block_s for one in asked), max(one.idle_s for one in asked)
        )

    @property
    def long_pass(self) -> str:
        """What the pass of long blocks is called: `energy pass`, or `sustained pass` where energy is not asked for."""
        return "energy pass" if self.energy_cycles else "sustained pass"

    @property
    def asks_for_energy_looks(self) -> bool:
        """Whether the energy pass may end early as far as the user is concerned. Where its blocks are those of
        sustained use too, all of them are measured.
        """
        least = self.measure.energy.min_cycles
        is_sequential = self.measure.design == "sequential" and not self.sustained_cycles
        return is_sequential and least is not None and least < self.energy_cycles

    @property
    def energy_looks_after(self) -> int | None:
        """From which cycle on the energy pass may end; None where it has a fixed number of cycles, or nobody knows
        anything of it on the way.
        """
        energy = self.measure.energy
        return energy.min_cycles if self.asks_for_energy_looks and energy.unseen is None else None

    @property
    def baseline(self) -> Arm:
        """The arm that the others are compared with."""
        return next(arm for arm in self.arms if arm.role == "baseline")

    @property
    def candidates(self) -> list[Arm]:
        """The other arms, in order."""
        return [arm for arm in self.arms if arm.role == "candidate"]


def _with_task(arm: Any, name: str) -> Any:
    """An arm's table whose own `tensor` says its task."""
    if isinstance(arm, dict) and isinstance(arm.get("tensor"), dict):
        return {**arm, "tensor": {"task": name, **arm["tensor"]}}
    return arm


def experiment_json_schema() -> dict[str, Any]:
    """JSON Schema of experiment.toml, for editors."""
    return Experiment.model_json_schema(by_alias=True)
