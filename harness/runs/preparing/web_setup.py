"""What the web arms of a run need on a device: a browser that is there, and page, engines and their files pushed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devices.base import Blob
from devices.browsers.choose_browser import NoBrowserError, choose_browser
from devices.browsers.find_browsers import ANDROID, Browser, find_browsers
from devices.browsers.known_browsers import KNOWN
from devices.browsers.page_files import page_files
from devices.web_engines.engine_files import EngineFiles, engine_files
from devices.web_engines.gzipped import gzipped_bytes
from harness.documents.plan import WebArm
from harness.documents.runner_record import EngineRecord
from harness.runs.preparing.refusal import Refusal

if TYPE_CHECKING:
    from devices.base import Device
    from devices.identity import Identity
    from devices.runtimes.spec import RuntimeSpec
    from harness.experiment.resolve import ResolvedArm
    from harness.models.model_file import ModelFile
    from harness.runs.session.progress import Progress


@dataclass(frozen=True)
class WebNeeds:
    """What one arm that runs in a browser asks for."""

    id: str
    runtime: RuntimeSpec
    version: str
    accelerator: str
    model: ModelFile
    """The file that the device gets."""
    browser: str | None = None
    """What `choose_browser` takes."""


@dataclass(frozen=True)
class WebSetup:
    """The web arms of a device, by their ids."""

    arms: dict[str, WebArm]
    """What a tab is given; of an arm whose browser is not there too, so that it fails alone as it is started."""
    engines: dict[str, EngineRecord]
    """What that is made of; of arms that have a browser."""
    refused: dict[str, Refusal]
    """Arms whose browser is not there."""


def web_needs(arms: Sequence[ResolvedArm]) -> list[WebNeeds]:
    """Of those of the arms that run in a browser."""
    return [
        WebNeeds(arm.id, arm.runtime, arm.runtime_version, arm.arm.accelerator, arm.device_model, arm.arm.browser)
        for arm in arms
        if arm.runtime.web is not None
    ]


def set_up_web(
    device: Device,
    identity: Identity,
    web_arms: Sequence[WebNeeds],
    progress: Progress,
    retry: Callable[..., Any],
) -> WebSetup:
    """Raises `DeviceError`; not for a browser that is not there, of which other arms know nothing."""
    if not web_arms:
        return WebSetup({}, {}, {})
    browsers, refused = _browsers(device, identity, web_arms, retry)
    engines = {}
    for arm in web_arms:
        key = (arm.runtime.name, arm.version, arm.accelerator)
        if key not in engines:
            progress.say(device.name, f"runtime {arm.runtime.name} {arm.version} on {arm.accelerator}")
            engines[key] = engine_files(arm.runtime, arm.version, arm.accelerator)
    page = page_files()
    blobs = {
        blob.sha256: blob for files in (page, *(engine.files for engine in engines.values())) for blob in files.values()
    }
    places: dict[str, str] = retry(lambda: device.push(list(blobs.values())))
    web, records = {}, {}
    for arm in web_arms:
        engine = engines[arm.runtime.name, arm.version, arm.accelerator]
        browser = browsers[arm.id]
        web[arm.id] = WebArm(
            browser=[browser.command],
            family=browser.family,
            page_files=_placed(page, places),
            engine_files=_placed(engine.files, places),
            engine_script=engine.script,
        )
        if arm.id not in refused:
            records[arm.id] = _record(engine, browser, arm)
    return WebSetup(web, records, refused)


def _browsers(
    device: Device, identity: Identity, arms: Sequence[WebNeeds], retry: Callable[..., Any]
) -> tuple[dict[str, Browser], dict[str, Refusal]]:
    found = retry(lambda: find_browsers(device, identity))
    chosen, refused = {}, {}
    for arm in arms:
        try:
            chosen[arm.id] = retry(lambda arm=arm: choose_browser(device, identity, arm.browser, found))
        except NoBrowserError as error:
            refused[arm.id] = Refusal("browser", error.what, error.remedy)
            chosen[arm.id] = _absent(identity, arm.browser)
    return chosen, refused


def _absent(identity: Identity, asked: str | None) -> Browser:
    """What the plan names for a browser that is not there: the device's runner finds the same, and says so."""
    name = command = asked or KNOWN[0].name
    known = next((each for each in KNOWN if each.name == name), None)
    if identity.android is not None:
        command = ANDROID + (known.packages[0] if known is not None and known.packages else command)
    family = known.family if known is not None else "chromium"
    return Browser(name=name, family=family, command=command, version=None, product=command)


def _placed(files: dict[str, Blob], places: dict[str, str]) -> dict[str, str]:
    return {name: places[blob.sha256] for name, blob in files.items()}


def _record(engine: EngineFiles, browser: Browser, arm: WebNeeds) -> EngineRecord:
    model = arm.model
    return EngineRecord(
        browser=browser.command,
        browser_product=browser.product,
        files={name: blob.sha256 for name, blob in engine.files.items()},
        bytes=sum(blob.bytes for blob in engine.files.values()),
        gzip_bytes={name: gzipped_bytes(blob) for name, blob in engine.files.items()},
        model_gzip_bytes=gzipped_bytes(Blob(path=model.path, sha256=model.sha256, bytes=model.bytes)),
        packages=engine.origins,
    )
