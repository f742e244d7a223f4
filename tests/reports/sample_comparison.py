"""Comparisons as a run would leave them, for tests of the renderings. All numbers are made up, and made the same way
every time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from devices.identity import CpuCluster, Identity
from harness.documents.comparison import (
    ArmCourse,
    ArmInfo,
    ArmOnDevice,
    Comparison,
    ContinuousUse,
    Contrast,
    DeviceResult,
    Effect,
    EnergyOnDevice,
    ErrorMap,
    GalleryItem,
    Interval,
    ItemScores,
    ItemView,
    LatencyDistribution,
    MoreNeeded,
    NoEffect,
    Outcome,
    Reading,
    ReferenceView,
    RuleOutcome,
    RuleResult,
    SlowStretch,
    Verdict,
    WorstPlace,
)
from harness.quantity import QUANTITIES, Available, Measured, Unavailable

LEVELS = [0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0]
BASELINE = "float32"
INT8 = "int8 (quantised)"
FLOAT16 = "float16"

HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)> ' onload='alert(1)",
    r"$x^2$ \frac{1}{2} $\mathrm{broken",
    "abc\u202egnp.exe\u2066 \u200f",
    "two\nlines\r\nand \x1b[31mred\x1b[0m \x9b2J\x00\x07",
    "[bold red]not markup[/bold red] [link=https://example.org]x[/link] :smile:",
    "{{ 7 * 7 }}{% raw %} </style></title><!-- ]]> -->",
    "https://example.org/track.png url(https://example.org/b.png)",
    "x" * 200,
    "גרסה 8 ビット 🧪",
]


def available(quantity: str, value: float, source: str = "measured") -> Available:
    return Available(value=value, unit=QUANTITIES[quantity].unit, source=source)


def distribution(arm: str, median_ms: float, seed: int, blocks: int = 30) -> LatencyDistribution:
    random = np.random.default_rng(seed)
    started = np.arange(blocks) * 0.62 + random.uniform(0, 0.2, blocks)
    medians = median_ms * 1e6 * (1 + 0.015 * np.sin(started / 5)) * np.exp(random.normal(0, 0.006, blocks))
    latencies = np.repeat(medians, 40) * np.exp(np.abs(random.normal(0, 0.02, blocks * 40)))
    latencies[::97] *= 1.4
    return LatencyDistribution(
        arm=arm,
        inferences=int(latencies.size),
        quantile_levels=LEVELS,
        quantiles_ns=[float(q) for q in np.quantile(latencies, LEVELS)],
        block_medians_ns=[float(m) for m in medians],
        block_started_s=[round(float(s), 3) for s in started],
        minimum_ns=float(latencies.min()),
        maximum_ns=float(latencies.max()),
    )


def ratio_contrast(
    candidate: str,
    quantity: str,
    baseline: float,
    ratio: float,
    half_width: float,
    outcome: Outcome,
    words: str,
    *,
    warnings: list[str] | None = None,
    pairs_needed: int | None = None,
    plainly: str | None = None,
) -> Contrast:
    exact = half_width == 0
    method = "t on paired block log-ratios"
    effect = Effect(
        scale="ratio",
        estimate=ratio,
        interval=None
        if exact
        else Interval(low=ratio - half_width, high=ratio + half_width, level=0.95, method=method),
        robust_interval=None
        if exact
        else Interval(low=ratio - 1.1 * half_width, high=ratio + 0.9 * half_width, level=0.95, method="BCa bootstrap"),
        p_value=None if exact else 0.0001,
        p_method=None if exact else "sign flips",
        n=1 if exact else 30,
        replicate="file" if exact else "pair of blocks",
        sd=None if exact else 0.012,
        minimum_detectable=None if exact else 0.0063,
        pairs_needed=pairs_needed,
    )
    return Contrast(
        candidate=candidate,
        quantity=quantity,
        baseline_value=available(quantity, baseline),
        candidate_value=available(quantity, baseline * ratio),
        effect=effect,
        outcome=outcome,
        words=words,
        plainly=plainly,
        warnings=warnings or [],
    )


def score_contrast(
    candidate: str,
    quantity: str,
    baseline: float,
    difference: float,
    half_width: float,
    outcome: Outcome,
    words: str,
    *,
    warnings: list[str] | None = None,
    pairs_needed: int | None = None,
) -> Contrast:
    return Contrast(
        candidate=candidate,
        quantity=quantity,
        baseline_value=available(quantity, baseline),
        candidate_value=available(quantity, baseline + difference),
        effect=Effect(
            scale="difference",
            estimate=difference,
            interval=Interval(
                low=difference - half_width,
                high=difference + half_width,
                level=0.9,
                method="t on paired differences",
            ),
            p_value=0.0312,
            p_method="t",
            n=20,
            replicate="image",
            sd=0.042,
            minimum_detectable=0.026,
            pairs_needed=pairs_needed,
            share_worse=0.05,
            share_worse_upper=0.216,
            excluded={"identical images with infinite PSNR": 1},
        ),
        outcome=outcome,
        words=words,
        warnings=warnings or [],
    )


def unavailable_contrast(candidate: str, quantity: str, reason: str) -> Contrast:
    return Contrast(
        candidate=candidate,
        quantity=quantity,
        baseline_value=Unavailable(reason=reason),
        candidate_value=Unavailable(reason=reason),
        effect=NoEffect(reason=reason),
        outcome="unavailable",
        words="cannot be compared",
    )


def contrasts(candidate: str, speed: float = 0.69) -> list[Contrast]:
    return [
        ratio_contrast(
            candidate,
            "latency_p50",
            41.23e6,
            speed,
            0.016,
            "better",
            "31 % faster (between 29 % and 33 %)",
            plainly="35 images a second instead of 24",
        ),
        ratio_contrast(candidate, "latency_p90", 44.9e6, 0.72, 0.03, "better", "28 % faster (between 25 % and 31 %)"),
        ratio_contrast(
            candidate,
            "load_time",
            182.4e6,
            1.06,
            0.09,
            "inconclusive",
            "cannot tell: between 3 % shorter and 15 % longer; about 45 more repeats would settle it",
            pairs_needed=50,
        ),
        ratio_contrast(
            candidate, "run_peak_memory", 148.2e6, 0.58, 0.004, "better", "42 % less memory (between 41 % and 43 %)"
        ),
        ratio_contrast(candidate, "model_size", 9_437_184, 0.2612, 0, "better", "74 % smaller"),
        unavailable_contrast(
            candidate, "pss_memory", "/proc/<pid>/smaps_rollup cannot be read on this device without root"
        ),
        score_contrast(
            candidate, "psnr_y", 30.3912, -0.043, 0.016, "not worse", "0.04 dB lower (between 0.03 and 0.06 dB)"
        ),
        score_contrast(candidate, "ssim_y", 0.8682, -0.0004, 0.0005, "equivalent", "the same within 0.0010"),
        score_contrast(
            candidate,
            "lpips_alex",
            0.1731,
            0.0064,
            0.0021,
            "worse",
            "0.0064 further from the reference to the eye (between 0.0043 and 0.0085)",
            warnings=["PSNR and LPIPS disagree on 17 of 20 images."],
        ),
    ]


def rules(candidate: str, outcomes: tuple[RuleOutcome, RuleOutcome, RuleOutcome]) -> list[RuleResult]:
    return [
        RuleResult(
            candidate=candidate,
            quantity="latency_p50",
            rule="at least 20 % lower",
            outcome=outcomes[0],
            reason="31 % lower (between 29 % and 33 %), 20 % was asked.",
            effect_bound=0.8,
        ),
        RuleResult(
            candidate=candidate,
            quantity="psnr_y",
            rule="no worse than 0.1 dB",
            outcome=outcomes[1],
            reason="0.04 dB lower, and with 95 % confidence no more than 0.06 dB lower; 0.1 dB is allowed.",
            effect_bound=-0.1,
        ),
        RuleResult(
            candidate=candidate,
            quantity="lpips_alex",
            rule="no worse than 0.005",
            outcome=outcomes[2],
            reason="0.0064 higher (between 0.0043 and 0.0085); 0.005 is allowed and the interval lies on both sides.",
            effect_bound=0.005,
            more=MoreNeeded(replicates=12, replicate="image", seconds=None, words="about 12 more images")
            if outcomes[2] == "open"
            else None,
        ),
    ]


def identity(*, phone: bool = True) -> Identity:
    if phone:
        return Identity(
            kind="adb",
            model="Pixel 6a",
            cpu_model="Google Tensor",
            architecture="aarch64",
            cores=8,
            clusters=[
                CpuCluster(cores=4, max_frequency_khz=1_803_000),
                CpuCluster(cores=2, max_frequency_khz=2_253_000),
                CpuCluster(cores=2, max_frequency_khz=None),
            ],
            memory_bytes=5_900_000_000,
            os="Android 14",
            kernel="5.10.157",
            libc="bionic",
            boot_id="1b6f0b7e-7d4b-4b6e-8f0a-0d3f0b1c2d3e",
            is_virtual=False,
            missing={"governor": "scaling_governor is not readable by the shell user"},
        )
    return Identity(
        kind="ssh",
        model="Raspberry Pi 4 Model B",
        cpu_model="Cortex-A72",
        architecture="aarch64",
        cores=4,
        os="Debian GNU/Linux 12 (bookworm)",
        is_virtual=True,
        missing={"clusters": "no cpufreq directory"},
    )


def write_gallery(folder: Path, item: str, size: int = 96) -> dict[str, str]:
    """Four small PNG files below `folder`/gallery; their relative paths by role."""
    random = np.random.default_rng(len(item))
    y, x = np.mgrid[0:size, 0:size] / size
    shape = np.sin(10 * x + 5 * np.sin(7 * y + len(item)))[..., None] * np.array([0.5, 0.35, 0.2]) + 0.5
    reference = np.clip(shape, 0, 1)
    baseline = np.clip(reference + random.normal(0, 0.03, shape.shape), 0, 1)
    candidate = np.clip(reference + random.normal(0, 0.08, shape.shape), 0, 1)
    difference = np.clip(8 * np.abs(candidate - reference), 0, 1)
    pictures = {"baseline": baseline, "candidate": candidate, "reference": reference, "difference": difference}
    (folder / "gallery").mkdir(parents=True, exist_ok=True)
    paths = {}
    for role, pixels in pictures.items():
        paths[role] = f"gallery/{item}-{role}.png"
        Image.fromarray(np.round(255 * pixels).astype(np.uint8)).save(folder / paths[role])
    return paths


def gallery_item(candidate: str, item: str, paths: dict[str, str | None], position: int = 0) -> GalleryItem:
    values: dict[str, dict[str, Measured]] = {
        BASELINE: {
            "psnr_y": available("psnr_y", 28.61 - position),
            "ssim_y": available("ssim_y", 0.8472),
            "lpips_alex": available("lpips_alex", 0.1611),
        },
        candidate: {
            "psnr_y": available("psnr_y", 28.49 - position),
            "ssim_y": available("ssim_y", 0.8431),
            "lpips_alex": Unavailable(reason="LPIPS needs images of at least 32 pixels"),
        },
    }
    return GalleryItem(
        candidate=candidate,
        item=item,
        metric="lpips_alex" if position else "psnr_y",
        values=values,
        baseline_image=paths.get("baseline"),
        candidate_image=paths.get("candidate"),
        reference_image=paths.get("reference"),
        difference_image=paths.get("difference"),
        difference_gain=8.0,
    )


def arm_info(name: str, role: str = "candidate", size: int = 2_465_792) -> ArmInfo:
    return ArmInfo.model_validate(
        {
            "name": name,
            "role": role,
            "model_file": f"models/{name}.tflite",
            "model_sha256": "3f2a" * 16,
            "model_bytes": size,
            "format": "tflite",
            "runtime": "ai-edge-litert",
            "runtime_version": "2.3.0",
            "accelerator": "cpu",
            "threads": 2,
            "differs_in": [] if role == "baseline" else ["model"],
        }
    )


def arm_on_device(name: str) -> ArmOnDevice:
    return ArmOnDevice(
        arm=name,
        status="ok",
        runtime="ai-edge-litert",
        runtime_version="2.3.0",
        accelerator="cpu",
        threads=2,
        delegated="31 of 40 nodes by XNNPACK",
        settings={"num_threads": "2", "interpreter": "CPython 3.11.2"},
        library=f"libLiteRt.so, SHA-256 {'5e' * 32}, from a folder of mine <b>",
        values={"latency_p50": available("latency_p50", 28.4e6), "psnr": available("psnr", float("inf"))},
    )


def energy(arms: list[str]) -> EnergyOnDevice:
    """A phone on its battery; what the last arm takes is not known."""
    known = [
        ContinuousUse(
            arm=arm,
            hours=Available(value=9.5, unit="h", source="battery of 15.4 Wh (charge_full × 3.85 V)"),
            words="about 9.5 hours of continuous use on a full battery",
        )
        for arm in arms[:-1]
    ]
    last = ContinuousUse(arm=arms[-1], hours=Unavailable(reason="the sensor <b>fell silent</b>"), words=None)
    return EnergyOnDevice(
        source="current × voltage of the battery",
        covers="the whole device <i>",
        left_out=["VDD_CPU is part of VDD_IN"],
        idle_power=Available(value=812.0, unit="mW", source="median of idle blocks"),
        found_out={"sign_source": "negative in 80 of 80 looks <script>"},
        continuous_use=[*known, last],
        stopping="stopped after 9 of at most 20 cycles: every rule on energy was decided",
    )


def item_scores(candidate: str, items: int = 20) -> list[ItemScores]:
    """Scores of 20 images; the last of them is identical to its reference in both arms, one has no LPIPS."""
    random = np.random.default_rng(items)
    names = ["butterfly", "woman", "baby", "head", "bird", *(f"item{place}" for place in range(5, items))][:items]
    before = [round(float(value), 3) for value in random.uniform(24, 36, items)]
    psnr = [
        round(value - float(loss), 3) for value, loss in zip(before, random.uniform(-0.02, 0.4, items), strict=True)
    ]
    lpips = [round(float(value), 4) for value in random.uniform(0.05, 0.3, items)]
    worse = [round(value * 1.06, 4) for value in lpips]
    return [
        ItemScores(
            candidate=candidate,
            quantity="psnr_y",
            items=names,
            baseline=[*before[:-1], float("inf")],
            candidate_values=[*psnr[:-1], float("inf")],
            furthest=max(abs(one - other) for one, other in zip(before[:-1], psnr[:-1], strict=True)),
            words="worse on 95 % of images (18 of 19)",
        ),
        ItemScores(
            candidate=candidate,
            quantity="lpips_alex",
            items=names,
            baseline=list(lpips),
            candidate_values=[None, *worse[1:]],
            furthest=max(abs(one - other) for one, other in zip(lpips[1:], worse[1:], strict=True)),
            words="worse on all images (19 of 19)",
        ),
    ]


def with_maps(comparison: Comparison, folder: Path) -> Comparison:
    """The comparison with two maps of each item to look at."""
    kinds = {"absolute_error": ("levels of 255", [0.0, 1.0, 8.0, 64.0]), "lpips_alex": ("", [0.0, 0.1, 0.8])}

    def mapped(item: GalleryItem) -> GalleryItem:
        paths = write_gallery(folder, f"map-{item.item}")
        files = {"baseline": paths["baseline"], "candidate": paths["candidate"]}
        maps = [
            ErrorMap.model_validate(
                {
                    "name": name,
                    "label": f"Map of {name}",
                    "unit": unit,
                    "ticks": ticks,
                    "colors": colors,
                    "files": files,
                }
            )
            for name, (unit, ticks) in kinds.items()
            for colors in [["#000008", "#fcfdbf"]]
        ]
        return item.model_copy(update={"maps": maps})

    devices = [
        device.model_copy(update={"gallery": [mapped(item) for item in device.gallery]})
        for device in comparison.devices
    ]
    return comparison.model_copy(update={"devices": devices})


def with_views(comparison: Comparison, folder: Path, side: int = 48) -> Comparison:
    """The comparison with small views and worst places of every item that has a score; none is equal to another. Items
    with an even number are of the group `night`.
    """
    items = comparison.devices[0].scores[0].items
    y, x = np.mgrid[0:side, 0:side] / side

    def write(path: str, seed: int, **how: bool) -> str:
        shape = np.sin(8 * x + seed % 97 + 4 * np.sin(6 * y + seed % 89))[..., None] * np.array([0.5, 0.35, 0.2]) + 0.5
        pixels = np.round(255 * np.clip(shape, 0, 1)).astype(np.uint8)
        pixels[0, 0] = seed % 251
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / path, "WEBP", quality=50, method=0, **how)
        return path

    references = {
        item: ReferenceView(whole=f"items/reference/{item}.png", small=write(f"gallery/small/r/{item}.webp", number))
        for number, item in enumerate(items)
    }
    devices = []
    for place, device in enumerate(comparison.devices):
        views = []
        for number, item in enumerate(items):
            home = f"gallery/small/device-{place + 1}"
            arms = [arm.arm for arm in device.arms]
            seed = 1000 * (place + 1) + number
            small = {arm: write(f"{home}/arm-{at}/{item}.webp", seed + 7919 * at) for at, arm in enumerate(arms)}
            roles = ("baseline", "candidate", "reference")
            worst = {
                arm: WorstPlace(
                    left=4,
                    top=8,
                    side=side,
                    files={
                        role: write(f"{home}/worst/arm-{at}/{item}-{role}.webp", seed, lossless=True) for role in roles
                    },
                )
                for at, arm in enumerate(arms)
                if at
            }
            whole = {arm: f"items/device-{place + 1}/arm-{at}/{item}.png" for at, arm in enumerate(arms)}
            views.append(ItemView(item=item, whole=whole, small=small, worst=worst))
        sheets = [f"items/contact-sheet-device-{place + 1}.png"]
        devices.append(device.model_copy(update={"views": views, "contact_sheets": sheets}))
    groups = {"night": items[::2], "nowhere": []}
    update = {"devices": devices, "reference_views": references, "item_groups": groups}
    return comparison.model_copy(update=update)


def course(quantity: str, arm: str, level: float | None) -> ArmCourse:
    """Five values about a level; none of what is not known."""
    factors = [0.98, 1.0, 1.01, 0.99, 1.02] if level is not None else []
    return ArmCourse(
        arm=arm,
        quantity=quantity,
        source="made up",
        at_s=[3.0 * place for place in range(len(factors))],
        values=[(level or 0.0) * factor for factor in factors],
        unavailable=None if factors else "the fuel gauge answered too late in every block",
    )


def device_result(
    device: str, candidates: list[str], gallery: list[GalleryItem], *, phone: bool = True, seed: int = 0
) -> DeviceResult:
    latencies = [distribution(BASELINE, 41.2, seed)]
    latencies += [distribution(name, 28.4 + 4 * index, seed + index + 1) for index, name in enumerate(candidates)]
    outcomes: tuple[RuleOutcome, RuleOutcome, RuleOutcome] = ("met", "met", "open")
    return DeviceResult(
        device=device,
        identity=identity(phone=phone),
        runner="native runner" if phone else "python runner",
        runner_reason="Android has no Python of its own" if phone else "only Python may have tflite-runtime 2.14.0",
        status="complete",
        started_at="2025-11-23T06:20:11Z",
        measured_seconds=371.4,
        arms=[arm_on_device(name) for name in [BASELINE, *candidates]],
        contrasts=[contrast for name in candidates for contrast in contrasts(name)],
        rules=[rule for name in candidates for rule in rules(name, outcomes)],
        latency=latencies,
        latency_item="butterfly",
        readings=[
            Reading(name="temperature", unit="°C", at_s=[0.0, 6.2, 12.4, 18.6], values=[38.2, 41.5, 44.0, 44.3]),
            Reading(name="clock", unit="kHz", at_s=[0.0, 6.2, 12.4, 18.6], values=[1.8e6, 1.8e6, 1.7e6, 1.6e6]),
        ]
        if phone
        else [],
        slow_stretch=SlowStretch(from_s=12.4, to_s=18.6, factor=1.12, cause="heat") if phone else None,
        courses=[
            *(
                course("run_peak_memory", name, 148.2e6 * 0.8**place)
                for place, name in enumerate([BASELINE, *candidates])
            ),
            *(course("average_power", name, 4100.0) for name in [BASELINE] if phone),
            *(course("average_power", name, None) for name in candidates if phone),
        ],
        stopping="stopped after 14 of at most 30 pairs: every rule on latency was decided",
        energy=energy([BASELINE, *candidates]) if phone else None,
        gallery=gallery,
        scores=[scores for name in candidates for scores in item_scores(name)],
        environment={
            "Load of others": Available(value=0.08, unit="", source="/proc/loadavg"),
            "Clock before": Available(value=1_803_000, unit="kHz", source="scaling_cur_freq"),
            "Battery temperature": Unavailable(reason="no battery on this device"),
        },
        warnings=["The clock of two cores could not be read; a change of clock would go unseen."],
    )


def verdict(candidate: str = INT8) -> Verdict:
    return Verdict(
        candidate=candidate,
        decision="undecided",
        sentence=f"{candidate} is 31 % faster and a quarter of the size, but whether it looks worse is still open.",
        reasons=[
            "Perceived quality (LPIPS) got worse by 0.0064 where 0.005 is allowed; with 20 images both are possible.",
            "Speed: 31 % faster on every device, 20 % was asked.",
            "Pixel accuracy: 0.04 dB lower, 0.1 dB is allowed.",
        ],
        look_at=["butterfly", "woman"],
    )


def comparison(
    folder: Path, candidates: list[str] | None = None, devices: list[str] | None = None, images: int = 5
) -> Comparison:
    """A whole comparison; the pictures of its gallery are written below `folder`."""
    names = [INT8] if candidates is None else candidates
    places = ["adb:R5CT30ABCDE", "ssh://pi@bench-4"] if devices is None else devices
    stems = ["butterfly", "woman", "baby", "head", "bird", *(f"item{i}" for i in range(5, images))][:images]
    gallery = [
        gallery_item(name, stem, {**write_gallery(folder, stem)}, position)
        for name in names
        for position, stem in enumerate(stems)
    ]
    return Comparison(
        bakeoff_version="0.1.0",
        run_id="20251123-062011-sr",
        name="Super-resolution, int8 against float",
        question="Can the quantised model replace the float model in the next release?",
        created_at="2025-11-23T06:31:52Z",
        quick=False,
        arms=[arm_info(BASELINE, "baseline", 9_437_184), *(arm_info(name) for name in names)],
        items=20,
        clusters=5,
        verdicts=[verdict(name) for name in names],
        devices=[
            device_result(place, names, gallery, phone=index == 0, seed=10 * index)
            for index, place in enumerate(places)
        ],
        rules=[
            "Latency, median: at least 20 % lower",
            "PSNR (Y): no worse than 0.1 dB",
            "LPIPS (AlexNet): no worse than 0.005",
        ],
        method=[
            "Latency: 30 pairs of blocks in random order (seed 4711), 40 inferences a block.",
            "Memory: 5 fresh processes per arm.",
            "Intervals: 95 %, t on paired block log-ratios; BCa bootstrap beside it.",
        ],
        warnings=["Only one warm-up was needed; see the method."],
    )
