"""Nothing that may be mailed tells of the network that it was measured in: each shared rendering of runs, soaks, nights
and folders of runs, with private words planted in every text of the document behind it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from harness.analysis.soak.analyze import analyze_soak
from harness.commands.index_runs import index_runs
from harness.documents import nightly as nightly_documents
from harness.documents import soak_result as soak_documents
from harness.documents.comparison import Comparison
from harness.documents.folder import safe_name
from harness.documents.nightly import Nightly
from harness.documents.soak_result import SoakResult
from harness.quantity import QUANTITIES
from reports.exports.registry import EXPORTS, open_export
from reports.nightly.registry import RENDERINGS, open_rendering
from reports.shared_copy import shared
from reports.shared_night import shared_night
from reports.shared_soak import shared_soak
from reports.soak_html import render_soak_html
from tests.reports import sample_comparison as sample
from tests.reports.nightly import sample_night
from tests.reports.test_shared_copy import BOARD, NEAR, PHONE, PLANTED, SECRETS, a_comparison, planted, rest_of
from tests.rig.simulated import Truth
from tests.rig.soaked import simulated_records, soaked_folder

NAMED = {BOARD: "ssh", PHONE: "adb", NEAR: "adb"}


def planting(random: Random) -> Callable[[str], str]:
    return lambda value: random.choice(["{0}", "{0} {1}", "{1}: {0}", "({0})", "{1}\n{0}"]).format(
        random.choice(PLANTED), value
    )


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", sorted(set(EXPORTS) - {"pdf"}))
def test_no_format_of_a_run(seed: int, name: str, tmp_path: Path) -> None:
    comparison = a_comparison(tmp_path)
    document = planted(comparison.model_dump(by_alias=True), planting(Random(seed)))
    copy = shared(Comparison.model_validate(document), also_private=["dingo-host"])
    assert rest_of(open_export(name).render(copy, tmp_path).decode(errors="replace"), SECRETS) == []


@pytest.mark.skipif(
    shutil.which("chromium") is None or shutil.which("pdftotext") is None,
    reason="no chromium or no pdftotext on this machine; run scripts/install_test_packages.sh",
)
def test_no_pdf_of_a_run(tmp_path: Path) -> None:
    comparison = a_comparison(tmp_path)
    document = planted(comparison.model_dump(by_alias=True), planting(Random(7)))
    copy = shared(Comparison.model_validate(document), also_private=["dingo-host"])
    pdf = tmp_path / "run.pdf"
    pdf.write_bytes(open_export("pdf").render(copy, tmp_path))
    told = subprocess.run(["pdftotext", "-raw", pdf, "-"], capture_output=True, text=True, check=True).stdout
    assert "Can the quantised model replace the float model" in told
    # A word that is broken at the end of a line is one word.
    assert rest_of(told + told.replace("\n", ""), SECRETS) == []


def literals(documents: Any) -> set[str]:
    """Words that a document of this kind knows: they are no one's, and its schema asks for them."""

    def of(kind: Any) -> set[str]:
        return {word for part in get_args(kind) for word in ({part} if isinstance(part, str) else of(part))}

    found = {word for kind in vars(documents).values() for word in of(kind)}
    for kind in vars(documents).values():
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= {word for field in kind.model_fields.values() for word in of(field.annotation)}
    return found | set(QUANTITIES)


def seeded(value: Any, plant: Callable[[str], str], kept: set[str], fields: set[str]) -> Any:
    if isinstance(value, str):
        return value if value in kept or value.startswith("bakeoff.") else plant(value)
    if isinstance(value, dict):
        return {key: each if key in fields else seeded(each, plant, kept, fields) for key, each in value.items()}
    return [seeded(each, plant, kept, fields) for each in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def soak(tmp_path_factory: pytest.TempPathFactory) -> SoakResult:
    folder = soaked_folder(tmp_path_factory.mktemp("soak"), simulated_records(Truth(), hours=0.5), device=BOARD)
    whole = analyze_soak(folder)
    identity = sample.identity(phone=False).model_copy(update={"boot_id": "1b6f0b7e-7d4b-4b6e-8f0a-0d3f0b1c2d3e"})
    devices = [
        whole.devices[0].model_copy(update={"identity": identity}),
        whole.devices[0].model_copy(update={"device": PHONE, "identity": sample.identity()}),
        whole.devices[0].model_copy(update={"device": NEAR, "identity": None, "problem": f"{NEAR} does not answer"}),
    ]
    return whole.model_copy(update={"devices": devices})


@pytest.mark.parametrize("seed", range(3))
def test_no_page_of_a_soak(seed: int, soak: SoakResult) -> None:
    kept, fields = literals(soak_documents), {"device", "kind", "identity", "model_sha256", "unit"}
    document = seeded(soak.model_dump(by_alias=True), planting(Random(seed)), kept, fields)
    copy = shared_soak(SoakResult.model_validate(document), ["dingo-host"])
    assert rest_of(render_soak_html(copy), SECRETS) == []
    assert rest_of(copy.model_dump_json(), SECRETS) == []


def test_a_shared_soak_keeps_its_numbers_and_gives_itself_again(soak: SoakResult) -> None:
    copy = shared_soak(soak)
    assert [one.shown_name for one in copy.devices] == [
        "Raspberry Pi 4 Model B (machine A)",
        "Pixel 6a (phone B)",
        "phone C",
    ]
    for told, own in zip(copy.devices, soak.devices, strict=True):
        assert (told.memory, told.latency, told.courses, told.hours) == (
            own.memory,
            own.latency,
            own.courses,
            own.hours,
        )
    assert shared_soak(copy) == copy


def named(nightly: Nightly) -> Nightly:
    """The sample's night with the devices that hold private words."""
    text = nightly.model_dump_json(by_alias=True)
    for old, new in zip((sample_night.PHONE, sample_night.PI), (PHONE, BOARD), strict=True):
        text = text.replace(old, new)
    return Nightly.model_validate_json(text.replace("bench-host", "dingo-host"))


@pytest.mark.parametrize("name", sorted(name for name in RENDERINGS if not open_rendering(name).for_programs))
@pytest.mark.parametrize("seed", range(2))
def test_no_rendering_of_a_night_that_people_get(seed: int, name: str) -> None:
    kept = literals(nightly_documents)
    fields = {"device", "kind", "night", "id", "sha", "first_bad_night", "last_good_night", "baseline_from", "unit"}
    fields |= {"started_at", "finished_at", "last_success_at", "missed_nights", "commits", "told_night", "host"}
    document = seeded(named(sample_night.night()).model_dump(by_alias=True), planting(Random(seed)), kept, fields)
    copy = shared_night(Nightly.model_validate(document))
    assert rest_of(open_rendering(name).render(copy).decode(), SECRETS) == []


def test_a_shared_night_keeps_its_devices_apart_and_its_links() -> None:
    copy = shared_night(named(sample_night.night()))
    assert [one.device for one in copy.devices] == ["Galaxy S21 (phone A)", "machine B", "local"]
    assert copy.jobs[0].report == "runs/upscaler-0/report.html"
    assert [one.points for one in copy.series] == [one.points for one in sample_night.night().series]
    assert "on Galaxy S21 (phone A)" in open_rendering("mail").render(copy).decode()


def test_a_link_that_tells_the_device_is_left_out() -> None:
    nightly = named(sample_night.night())
    told = nightly.jobs[1].model_copy(update={"report": f"runs/upscaler-{safe_name(BOARD)}-1/report.html"})
    copy = shared_night(nightly.model_copy(update={"jobs": [nightly.jobs[0], told, *nightly.jobs[2:]]}))
    assert (copy.jobs[0].report, copy.jobs[1].report) == ("runs/upscaler-0/report.html", None)


def test_no_index_of_a_folder_of_runs(tmp_path: Path) -> None:
    folder = tmp_path / "runs of dingo-host"
    places = ["plain", f"0-{safe_name(BOARD)}", "alicia", "on-10.83.7.31", "cut-R5CT30ABCDE"]
    for place in places:
        (folder / place).mkdir(parents=True)
        (folder / place / "run.json").write_text("{}")
        (folder / place / "report.html").write_text("<!DOCTYPE html>")
        text = a_comparison(folder / place).model_dump_json(by_alias=True)
        (folder / place / "comparison.json").write_text(text[:200] if place == "alicia" else text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.commands.write_reports.socket.gethostname", lambda: "dingo-host")
        patch.setattr("harness.commands.write_reports.getpass.getuser", lambda: "alicia")
        page, _ = index_runs(folder, names_told=False)
    told = page.read_text(encoding="utf-8")
    assert rest_of(told, SECRETS) == []
    assert told.count('<a href="./') == 1
    assert told.count("<li data-run>") == len(places)
    page, _ = index_runs(folder, names_told=True)
    assert page.read_text(encoding="utf-8").count('<a href="./') == len(places) - 1
