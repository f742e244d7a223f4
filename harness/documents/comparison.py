"""comparison.json: effects, intervals, decisions and warnings. Reports render it and compute nothing.

Paths in it are relative to the run folder. Names of arms, items and devices are user text: renderers escape them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from devices.identity import Identity, shown_name
from harness.documents.joined_votes import Preference
from harness.models.model_format import ModelFormat
from harness.own_scores import MOST_OWN_SCORES, OwnScore, make_all_known
from harness.quantity import QUANTITIES, Measured
from harness.tasks.floor import Floor

COMPARISON_SCHEMA: Final = "bakeoff.comparison/1"

Outcome = Literal["better", "worse", "equivalent", "not worse", "inconclusive", "unavailable"]
"""What is known of a candidate on one quantity."""

RuleOutcome = Literal["met", "broken", "open", "unavailable"]
"""A rule is met, broken, still open (the interval straddles its bound), or cannot be judged."""

Decision = Literal["ship", "hold", "undecided"]

WarningKind = Literal[
    "design",
    "runner",
    "library",
    "settings",
    "held",
    "phone state",
    "conditions",
    "gates",
    "blocks",
    "energy",
    "sensors",
    "failure",
    "outputs",
    "evidence",
    "intervals disagree",
    "unsorted",
]
"""What a warning is of: how the run was designed, what measured it, a library that is not what it was, settings that
were asked for and not had, what was held still, what a phone was set to, heat and load around the run, gates that
failed, blocks that stand out, the energy pass, sensors that said nothing, an arm that failed on the way, outputs whose
scores are doubted, how much the evidence carries, an interval and its bootstrap twin. `unsorted` are those of a
comparison.json from before kinds.
"""
WARNING_KINDS: tuple[WarningKind, ...] = get_args(WarningKind)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class RunWarning(_Strict):
    """Something that whoever reads the numbers beside it should know."""

    about: str | None = None
    """The quantity that the text is about and does not name; None where it says itself what it is about."""
    kind: WarningKind
    text: str
    """A sentence."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        """Before warnings had kinds they were texts, some with a quantity's label and a colon in front."""
        if not isinstance(value, str):
            return value
        label, _, text = value.partition(": ")
        about = next((quantity.name for quantity in QUANTITIES.values() if text and quantity.label == label), None)
        return {"about": about, "kind": "unsorted", "text": value if about is None else text}


def warned(kind: WarningKind, texts: Iterable[str], about: str | None = None) -> list[RunWarning]:
    """Warnings of one kind."""
    return [RunWarning(about=about, kind=kind, text=text) for text in texts]


class Interval(_Strict):
    """A two-sided confidence interval. For ratio quantities in ratios (0.95 is 5 % less), else in the quantity's
    unit.
    """

    low: float
    high: float
    level: float
    method: str
    """The method in words: `t on log-ratios of paired blocks`, `BCa bootstrap over scenes`."""


class Effect(_Strict):
    """Candidate against baseline on one quantity: a ratio (candidate / baseline) or a difference (candidate −
    baseline).
    """

    kind: Literal["effect"] = "effect"
    scale: Literal["ratio", "difference"]
    estimate: float
    interval: Interval | None
    """None where a value is exact (the size of a file) or one replicate is all there is."""
    robust_interval: Interval | None = None
    """The bootstrap twin; where it disagrees with `interval` a warning says so."""
    p_value: float | None
    p_method: str | None
    n: int
    """Number of replicates."""
    replicate: str
    """Unit of replication: `launch`, `pair of blocks`, `scene`, `process`, `cycle`, `file`, `voter`, or what an item is
    called.
    """
    sd: float | None
    """Standard deviation of the paired log-ratios or differences."""
    minimum_detectable: float | None
    """Smallest effect this design finds 80 % of the time at 5 %: as a fraction for ratios (0.01 is 1 %), else in the
    unit.
    """
    pairs_needed: int | None
    """Replicates needed to settle the open rule or to see the estimate; None where settled or unknown."""
    share_worse: float | None = None
    """Quality only: share of items worse than the baseline by more than the per-item margin."""
    share_worse_upper: float | None = None
    """Its one-sided 95 % Clopper-Pearson upper bound."""
    excluded: dict[str, int] = {}
    """Replicates left out, reason → count (items identical to their references, outputs that failed)."""
    spread_of_launches: float | None = None
    """Latency in launches only: by how much fresh processes change the ratio of themselves, beyond what pairs within
    them differ (standard deviation of the log-ratio: 0.01 is about 1 %).
    """


class ItemTail(_Strict):
    """Scores only: the items on which the candidate is worse than the baseline, beyond the mean."""

    margin: float
    """The margin in the quantity's unit: what a single item may lose, as declared, or as the rules allow the mean."""
    worse: int
    """Items that lose more than that."""
    items: int
    upper: float
    """One-sided 95 % Clopper-Pearson upper bound on the share of such items."""
    disaster_margin: float
    """A loss on one item beyond this is one that people see."""
    disasters: list[str] = []
    """Items that lose more than that, the worst first."""


class NoEffect(_Strict):
    """An effect that could not be had, and why."""

    kind: Literal["no effect"] = "no effect"
    reason: str


class Contrast(_Strict):
    """One candidate against the baseline, on one quantity, on one device."""

    candidate: str
    quantity: str
    baseline_value: Measured
    candidate_value: Measured
    effect: Effect | NoEffect = Field(discriminator="kind")
    outcome: Outcome
    words: str
    """One plain sentence, such as `31 % faster (between 29 % and 33 %), 1.45 times the speed`."""
    plainly: str | None = None
    """What the change is to people: `35 images a second instead of 24`; None where no plain conversion exists, or
    where it is not known that anything changed.
    """
    tail: ItemTail | None = None
    warnings: list[RunWarning] = []


class MoreNeeded(_Strict):
    """What more of the same measuring would settle a rule that is open, and what it would cost."""

    replicates: int
    """So many more, rounded as the words have it."""
    replicate: str
    """What is repeated, as in `Effect.replicate`."""
    seconds: float | None
    """How long that takes on the device, at the pace of this run; None where it is not known, or where what is needed
    are not measurements but items.
    """
    words: str
    """Such as `about 12 more pairs, about 4 minutes`."""


class OwnValue(_Strict):
    """A candidate's own value beside the limit of a rule on it, in the quantity's unit."""

    value: float
    low: float | None
    """The end of its 95 % interval; None where the value is exact, or one replicate is all there is."""
    high: float | None
    limit: float


class RuleResult(_Strict):
    """One declared rule, judged on one device for one candidate."""

    candidate: str
    quantity: str
    rule: str
    """The rule in words, such as `at least 20 % lower`."""
    group: str | None = None
    """The group of items that the rule is on; None for all items."""
    outcome: RuleOutcome
    reason: str
    """A sentence with the numbers in it."""
    doubted: str | None = None
    """What keeps it open though the numbers alone would decide it, or would with more of them; `reason` has it too."""
    effect_bound: float | None = None
    """The rule's bound on the scale of the effect, to be drawn beside its interval: 0.8 for `at least 20 % lower`, 1.02
    for `no worse than 2 %` of a lower-is-better ratio, -0.1 for `no worse than 0.1 dB`. None for a bound on the
    candidate's own value.
    """
    own_value: OwnValue | None = None
    """What a rule on the candidate's own value holds against its limit; None where the rule is none, or there is no
    finite value.
    """
    more: MoreNeeded | None = None
    """None where the rule is not open, where more would not settle it, or no sensible number would."""


GroupOutcome = Literal["worse", "within", "open", "too few", "doubted", "unavailable"]
"""How a group of items fares: worse by more than the rules let the mean of all items be, within that, neither shown,
too few items to decide, scores that are doubted, or no scores.
"""


class GroupResult(_Strict):
    """One group of items on one device: a score that a rule is on, of the group's items alone."""

    group: str
    items: int
    """How many items of the run are in the group."""
    contrast: Contrast
    """The effect on those items; its own outcome is not corrected for the number of groups."""
    outcome: GroupOutcome
    """Its `worse` holds at 5 % over all groups, scores and devices together (Holm)."""
    p_value: float | None
    """One-sided, of the group being worse by no more than that, corrected (Holm); None for what was not tested."""
    effect_bound: float
    """What the mean of all items may lose, on the scale of the effect, to be drawn beside its interval."""
    reason: str
    """A sentence with the numbers in it."""


class Stall(_Strict):
    """A block with single inferences far slower than its median."""

    block: int
    """Its place among the arm's blocks."""
    slowest_ns: float


class Course(_Strict):
    """Two latencies about which an arm's blocks lie, in nanoseconds: the two speeds that it ran at, or where its drift
    (a straight line on the logarithm) began and ended.
    """

    kind: Literal["two speeds", "drift"]
    levels_ns: tuple[float, float]


class LatencyDistribution(_Strict):
    """All counted inferences of one arm on one device, summarised for drawing. Nanoseconds."""

    arm: str
    inferences: int
    quantile_levels: list[float]
    quantiles_ns: list[float]
    block_medians_ns: list[float]
    block_started_s: list[float]
    """Start of each block, in seconds since the latency pass began."""
    minimum_ns: float
    maximum_ns: float
    outlying_blocks: list[int] = []
    """Places of the blocks that stood out from their neighbours, those furthest away first."""
    stalls: list[Stall] = []
    course: Course | None = None
    """None where the arm kept its pace."""


class ErrorMap(_Strict):
    """Where on an item each arm is how far from what it should be, in colours of one scale for all arms and items."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    """The score that it belongs to, or `absolute_error`."""
    label: str
    unit: str
    ticks: list[float]
    """The values that lie at even distances along the colours; what is beyond the last looks like it."""
    colors: list[Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]]
    """The colours at even distances, from the first tick to the last."""
    files: dict[Literal["baseline", "candidate"], str]
    """Role → file; paths are relative to the run."""


class GalleryItem(_Strict):
    """An item to look at: where the candidate is furthest from the baseline for the worse."""

    candidate: str
    item: str
    metric: str
    """The quantity by which it was chosen."""
    values: dict[str, dict[str, Measured]]
    """Arm → quantity → value on this item."""
    baseline_image: str | None
    candidate_image: str | None
    reference_image: str | None
    difference_image: str | None
    input_image: str | None = None
    """What went in, made small, where it is a picture and what comes out is none."""
    difference_gain: float | None
    """|candidate − reference| was multiplied by this for the picture."""
    maps: list[ErrorMap] = []
    chosen: Literal["worst", "sample"] = "worst"
    """Whether it is one of the worst, or drawn by chance so that the worst are not taken for typical."""
    notes: list[str] = []
    """Sentences on the item, such as where an output is furthest off."""


class WorstPlace(_Strict):
    """Where on one item a candidate loses most against the baseline: a square, cut out of both pixel by pixel."""

    left: int
    """Where the square begins, in pixels of the whole; likewise `top`."""
    top: int
    side: int
    files: dict[str, str]
    """`baseline`, `candidate`, `reference` → lossless file; paths are relative to the run."""


class ItemView(_Strict):
    """The files that show one item on one device; paths are relative to the run."""

    item: str
    whole: dict[str, str] = {}
    """Arm → what it put out, lossless."""
    small: dict[str, str] = {}
    """Arm → the same made small."""
    worst: dict[str, WorstPlace] = {}
    """Candidate → where it loses most; one that is equal to the reference everywhere has none."""


class ReferenceView(_Strict):
    """The files that show what an item should be; paths are relative to the run."""

    whole: str
    small: str


class ItemScores(_Strict):
    """One score on every item, of one candidate and of the baseline, on one device."""

    candidate: str
    quantity: str
    items: list[str]
    baseline: list[float | None]
    """Its values, in the quantity's unit and the order of `items`; None where there is none, infinite where an item is
    identical to its reference.
    """
    candidate_values: list[float | None]
    """The same of the candidate."""
    furthest: float | None = None
    """The largest difference between the two on one item, whatever its direction; None where none is finite."""
    words: str
    """Such as `worse on 97 % of images (194 of 200)`."""


class ScorePart(_Strict):
    """One of the parts that a score of a whole set is made of, such as a class."""

    name: str
    items: int
    """How many items it is of, of those that have a value in both arms."""
    baseline: Measured
    candidate: Measured
    change: float
    """candidate − baseline, in the quantity's unit."""


class ScoreParts(_Strict):
    """A score of a whole set by its parts, of one candidate and of the baseline, on one device."""

    candidate: str
    quantity: str
    part_noun: str
    """What a part is called; its plural is regular but for a final s."""
    parts: list[ScorePart]
    """Those first on which the candidate loses most."""


class WorstItems(_Strict):
    """The items on which a candidate loses most by one score, and what the other scores say of them: a list that every
    score gives is one of the build, and not of the score.
    """

    candidate: str
    quantity: str
    """The score that chose them."""
    items: list[str]
    """The worst, the largest loss first; none that loses nothing."""
    others: list[str]
    """The other scores, each with as many worst items of its own."""
    in_every: list[str]
    """Those that every other score has among its worst."""
    in_none: list[str]
    """Those that no other score has among its worst."""
    words: str
    """Such as `of the 8 worst by LPIPS (AlexNet) 5 are among the worst by every other score too`."""
    stays: list[float] = []
    """The share of drawings in which each of the items is among as many worst, where every loss is moved by what is
    negligible; empty in files from before this was drawn.
    """
    stability: str | None = None
    """The same in words; None where it was not drawn."""


class Reading(_Strict):
    """What one sensor of a device showed over the latency pass, thinned out for drawing."""

    name: str
    """Such as `temperature`."""
    unit: str
    at_s: list[float]
    """Moments in seconds since the latency pass began, as `LatencyDistribution.block_started_s`."""
    values: list[float]


class SlowStretch(_Strict):
    """A stretch of the latency pass in which the device did a fixed work more slowly than at first."""

    from_s: float
    """Its begin and its end are in seconds since the latency pass began."""
    to_s: float
    factor: float
    """The fixed work took so many times as long as at first."""
    cause: Literal["heat", "others", "unknown"]
    """`heat` where a clock, a temperature or a thermal status agrees, `others` where other programs were at work."""


class ArmCourse(_Strict):
    """One quantity of one arm over its pass: a value for every fresh process, or every long block."""

    arm: str
    quantity: str
    source: str
    """Such as `fresh processes of the memory pass, ai-edge-litert 2.3.0`."""
    at_s: list[float]
    """Moments in seconds since the pass began."""
    values: list[float]
    """One value a moment, in the quantity's unit."""
    unavailable: str | None = None
    """Why there are none."""


class ArmOnDevice(_Strict):
    """What one arm did on one device."""

    arm: str
    status: Literal["ok", "failed", "partial"]
    failures: list[str] = []
    runtime: str | None = None
    runtime_version: str | None = None
    accelerator: str | None = None
    threads: int | None = None
    cores: str | None = None
    """Such as `4–7`; None where none were asked for."""
    delegated: str | None = None
    """Such as `31 of 40 nodes`, or `not the whole model`; None where the runtime does not say."""
    settings: dict[str, str] = {}
    library: str | None = None
    """For the native runner, the runtime's shared library, its SHA-256 and where it is from."""
    browser: dict[str, str] = {}
    """Heading → text on the browser that it ran in, its GPU, its page, what is downloaded; empty for all others."""
    values: dict[str, Measured] = {}
    """Quantity → the arm's own value."""


class ContinuousUse(_Strict):
    """How long a full battery lasts while one arm infers without pause."""

    arm: str
    hours: Measured
    words: str | None
    """Such as `about 9.5 hours of continuous use on a full battery`; None where it is not known."""


class EnergyOnDevice(_Strict):
    """Where one device's energy comes from, and what goes with it."""

    source: str
    covers: str
    """What the source's energy is the energy of: `the whole board (VDD_IN)`."""
    left_out: list[str] = []
    """Channels that are seen and not added, each with the reason."""
    idle_power: Measured
    """Subtracted from what the arms take."""
    found_out: dict[str, str] = {}
    """What was inferred on the way: `sign_source`, `unit_source`, …"""
    continuous_use: list[ContinuousUse] = []
    stopping: str | None = None
    """Why the energy pass ended where it did, in words; None where its number of cycles was fixed."""


class SustainedArm(_Strict):
    """How one arm fared alone in long blocks."""

    arm: str
    slowdown: Measured
    """A percentage: how much longer an inference took at the end of a block than at its begin."""
    words: str | None
    """Such as `at the end of a block 8.9 % slower (between 8.1 % and 9.7 %) than at its begin`; None where unknown."""


class SustainedOnDevice(_Strict):
    """Long blocks of one arm alone on one device."""

    block_s: float
    compared: str
    """What of the blocks sustained latency is of: `the second half of each block`."""
    arms: list[SustainedArm]


class ItemDisagreement(_Strict):
    """An item on which people preferred one arm beyond chance, and a metric the other by more than is negligible."""

    item: str
    quantity: str
    share: float
    """The share is of votes for the candidate, those for neither counted half: 0 to 1."""
    change: float
    """The candidate's score less the baseline's, in the quantity's unit."""


class VotesOnDevice(_Strict):
    """What people said in a blind look at the pictures of one device."""

    preference: Preference
    """Its list of careless voters, which names files, is empty here, and its ballot None."""
    careless: int
    """Voters who were left out because they did not look."""
    disagreements: list[ItemDisagreement] = []


class DeviceResult(_Strict):
    """Everything of one device."""

    device: str
    identity: Identity | None
    runner: str | None = None
    """What measured there, such as `native runner`; None where nothing did."""
    runner_reason: str | None = None
    """Why that one."""
    status: Literal["complete", "incomplete", "failed"]
    problem: str | None = None
    """Why it is not complete, with the remedy."""
    profile: str | None = None
    """How precisely it measures, by `bakeoff doctor`, in words; None where it was not calibrated lately."""
    started_at: str | None = None
    measured_seconds: float | None = None
    arms: list[ArmOnDevice] = []
    contrasts: list[Contrast] = []
    rules: list[RuleResult] = []
    groups: list[GroupResult] = []
    """Every score that a rule is on, in every declared group of items."""
    latency: list[LatencyDistribution] = []
    latency_item: str | None = None
    readings: list[Reading] = []
    """Heat, clocks and free memory while latency was measured; empty where the device tells none."""
    slow_stretch: SlowStretch | None = None
    """None where the device kept its pace, or nothing is known of it."""
    courses: list[ArmCourse] = []
    """Memory and power of each arm over their own passes; empty where neither was asked for."""
    stopping: str | None = None
    """Why the latency pass ended where it did, in words; None where its number of pairs was fixed."""
    energy: EnergyOnDevice | None = None
    """None where energy was not measured."""
    sustained: SustainedOnDevice | None = None
    """None where no arm worked alone in long blocks."""
    votes: list[VotesOnDevice] = []
    """A candidate that nobody was asked about has none."""
    gallery: list[GalleryItem] = []
    views: list[ItemView] = []
    """Every item, where the task has something to show of it."""
    contact_sheets: list[str] = []
    """Files with all items in a grid, in the order of their names; paths are relative to the run."""
    scores: list[ItemScores] = []
    """Every score that single items have, item by item."""
    score_parts: list[ScoreParts] = []
    """Scores of whole sets that are made of parts, such as the accuracy of each class."""
    worst: list[WorstItems] = []
    """How far the scores agree on the worst items, for every candidate that has several scores."""
    environment: dict[str, Measured] = {}
    """Facts of the run, such as clock before and after, load of others, temperature."""
    warnings: list[RunWarning] = []

    @property
    def shown_name(self) -> str:
        """For people; `device` is the key everywhere else."""
        return shown_name(self.device, self.identity)


class ArmInfo(_Strict):
    """An arm as declared."""

    name: str
    role: Literal["baseline", "candidate"]
    model_file: str
    model_sha256: str
    model_bytes: int
    format: ModelFormat
    runtime: str
    runtime_version: str
    accelerator: str
    accelerator_options: dict[str, str] = {}
    cores: str | None = None
    """The cores as declared: `4–7`, or `big`; None leaves it to the device."""
    threads: int
    differs_in: list[str] = []
    """For a candidate: what differs from the baseline (`model`, `runtime`, `threads`, …)."""


class ScoreDisagreement(_Strict):
    """Scores of one candidate that point in opposite directions on one device, each beyond chance."""

    device: str
    better: list[str]
    """Quantities whose 95 % interval says better."""
    worse: list[str]
    """Quantities whose 95 % interval says worse."""
    is_clear: bool
    """Whether on each side one is beyond the size that is too small to matter; else only on one side."""
    state: Literal["open", "allowed", "broken"]
    """Whether rules allow all that got worse, one of the scores breaks a rule, or nobody has agreed to it yet."""
    words: str
    """A sentence with the numbers in it."""


class Verdict(_Strict):
    """The answer for one candidate, over all devices."""

    candidate: str
    decision: Decision
    sentence: str
    """What a product manager can act on: the decision with what it rests on, and each kind of reservation."""
    reasons: list[str]
    """Sentences, the deciding ones first."""
    look_at: list[str] = []
    """Items to look at where metrics disagree."""
    disagreements: list[ScoreDisagreement] = []
    reservations: list[str] = []
    """What speaks against the candidate though no rule is broken by it, sentences of which `sentence` has the first of
    each kind: items that are ruined, a group of items that is worse, metrics that disagree as the rules allow, slow
    single inferences. Whoever shows the decision shows that there are some.
    """


class Comparison(_Strict):
    """The whole result of a run."""

    schema_: Literal["bakeoff.comparison/1"] = Field(default=COMPARISON_SCHEMA, alias="schema")
    bakeoff_version: str
    run_id: str
    name: str
    question: str
    created_at: str
    """ISO 8601, UTC."""
    quick: bool
    """True where the run was cut short on purpose: good for a look, not for a decision."""
    arms: list[ArmInfo]
    items: int
    item_noun: str = "image"
    """What an item is called; its plural is regular. Comparisons that do not say it are of images."""
    reference_views: dict[str, ReferenceView] = {}
    """Item → what it should be, where the task has something to show of it."""
    gallery_has_pictures: bool = True
    """Whether the items to look at are shown by pictures; else by their scores alone."""
    clusters: int | None
    """Number of scenes the items come from, where declared."""
    item_groups: dict[str, list[str]] = {}
    """Group → its items; an item may be in several, or in none."""
    verdicts: list[Verdict]
    devices: list[DeviceResult]
    floor: Floor | None = None
    """What the scores reach without any model; None where nothing was scored, or no such way is known."""
    rules: list[str]
    """The declared rules in words, in the order of the experiment."""
    method: list[str]
    """How it was measured and decided, a sentence each, with the numbers of this run."""
    warnings: list[RunWarning] = []
    own_scores: list[OwnScore] = Field(default=[], max_length=MOST_OWN_SCORES)
    """What is known of scores that are not of this house: the page can be read where their metrics are not."""

    @model_validator(mode="before")
    @classmethod
    def _know_its_scores(cls, value: Any) -> Any:
        """They are quantities before anything of the comparison is read."""
        if isinstance(value, dict):
            make_all_known(value.get("own_scores"))
        return value

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        serialize_by_alias=True,
        ser_json_inf_nan="constants",
    )


def comparison_json_schema() -> dict[str, Any]:
    """JSON Schema of comparison.json."""
    return Comparison.model_json_schema(by_alias=True)
