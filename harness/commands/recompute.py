"""From raw facts to comparison.json and the report: what `bakeoff run` ends with and `bakeoff analyze` does again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from devices.identity import Identity
from harness.analysis.compare import DeviceFacts, compare
from harness.analysis.gallery import draw_gallery
from harness.analysis.item_views import draw_views
from harness.analysis.tables.outputs import Output, read_outputs
from harness.analysis.tables.quality import Quality, score_outputs
from harness.commands.votes.join_files import read_joined_votes
from harness.commands.votes.votes_by_device import METHOD_IN_WORDS, votes_by_device
from harness.commands.write_reports import write_reports
from harness.documents.folder import DiskError, read_model, write_model
from harness.documents.held_record import HeldRecord
from harness.documents.phone_state import PhoneStates
from harness.documents.profile import DeviceProfile
from harness.documents.runner_record import RunnerRecord
from harness.documents.state import DeviceState
from harness.errors import UserError
from harness.one_blas_thread import one_blas_thread
from harness.quantity import QUANTITIES
from harness.runs.session.begun_here import refuse_unknown_files
from harness.words.profile import profile_in_words

if TYPE_CHECKING:
    from harness.documents.comparison import Comparison
    from harness.documents.folder import RunFolder
    from harness.documents.manifest import Manifest, ManifestDevice
    from harness.runs.session.progress import Progress


@one_blas_thread()
def recompute(folder: RunFolder, progress: Progress) -> Comparison:
    """Score, compare, draw; writes tables/, gallery/, items/, comparison.json and what may be
    shared of it (comparison.shared.json, report.html).

    The folder is the caller's alone (`harness.runs.session.folder_lock`). Raises `UserError`; comparison.json is then
    as it was.
    """
    manifest = folder.read_manifest()
    outputs = read_outputs(folder, manifest)
    quality = score_outputs(folder, manifest, progress, outputs)
    progress.say("this machine", "comparing")
    try:
        comparison = _compare_and_draw(folder, manifest, quality, outputs, progress)
    except OSError as error:  # tables and the gallery are written by libraries
        raise DiskError.of(Path(error.filename or folder.path), error) from None
    write_model(folder.comparison, comparison)
    _ask_people(folder, manifest, comparison)
    write_reports(folder, comparison)
    return comparison


def _ask_people(folder: RunFolder, manifest: Manifest, comparison: Comparison) -> None:
    """The page of a blind look beside the report, where people could decide: a rule asks what they prefer, or metrics
    disagree. `bakeoff votes --page` makes it of any run.
    """
    from harness.commands.votes.make_page import MOST_PAIRS, write_page  # loads Pillow, which few runs need here

    is_asked = any(rule.quantity == "preference" for rule in manifest.experiment.rules)
    disagree = any(verdict.look_at for verdict in comparison.verdicts)
    shows_pictures = manifest.experiment.task.shows_pictures and len(manifest.arms) == 2
    if not shows_pictures or not (is_asked or disagree) or folder.vote_page.exists():
        return
    try:
        write_page(folder, device=None, candidate=None, most=MOST_PAIRS, out=None)
    except DiskError:
        raise
    except UserError:  # there is too little to ask about, and nobody asked for the page
        return


def recompute_received(folder: RunFolder, progress: Progress, *, trusted: bool) -> Comparison:
    """As `recompute`, of a folder that may be somebody else's. Raises `UserError` also where it names items without
    saying what was in them, unless it is `trusted`.
    """
    manifest = folder.read_manifest()
    unhashed = [
        path
        for item in manifest.items
        for path, sha256 in ((item.input_path, item.input_sha256), (item.reference_path, item.reference_sha256))
        if sha256 is None
    ] + [one.path for one in manifest.scores]  # which are read as they are now
    refuse_unknown_files(folder.path, manifest.run_id, unhashed, trusted=trusted)
    return recompute(folder, progress)


def _compare_and_draw(
    folder: RunFolder,
    manifest: Manifest,
    quality: Quality,
    outputs: dict[str, dict[tuple[str, str], Output]],
    progress: Progress,
) -> Comparison:
    folder.tables.mkdir(parents=True, exist_ok=True)
    quality.scores.to_parquet(folder.tables / "quality.parquet")
    preferences = votes_by_device(read_joined_votes(folder, manifest.run_id), manifest, outputs)
    facts = {
        entry.name: replace(_facts(folder, entry), preferences=preferences[entry.name]) for entry in manifest.devices
    }
    comparison = compare(manifest, facts, quality.scores, tables_folder=folder.tables, seen=quality.seen)
    shutil.rmtree(folder.gallery, ignore_errors=True)  # an earlier analysis may have chosen others
    galleries = {
        entry.name: [
            item
            for candidate in manifest.arms[1:]
            for item in draw_gallery(folder, manifest, entry, candidate, quality.scores, outputs, quality.metrics)
        ]
        for entry in manifest.devices
    }
    views = draw_views(folder, manifest, outputs, progress)
    return comparison.model_copy(
        update={
            "devices": [
                result.model_copy(
                    update={
                        "gallery": galleries[result.device],
                        "views": views.by_device.get(result.device, []),
                        "contact_sheets": views.contact_sheets.get(result.device, []),
                    }
                )
                for result in comparison.devices
            ],
            "reference_views": views.references,
            "method": comparison.method
            + [f"{QUANTITIES[name].label}: {described}." for name, described in quality.sources.items()]
            + ([METHOD_IN_WORDS] if any(preferences.values()) else []),
        }
    )


def _facts(folder: RunFolder, entry: ManifestDevice) -> DeviceFacts:
    files = folder.device(entry)
    if not files.state.exists():
        return DeviceFacts(
            None, None, "failed", "the run was cut before this device was ready; `bakeoff run --resume` goes on"
        )
    state = read_model(files.state, DeviceState)
    identity = read_model(files.identity, Identity) if files.identity.exists() else None
    runner = read_model(files.runner, RunnerRecord) if files.runner.exists() else None
    measured = files.records.exists() and files.records.stat().st_size > 0
    status: Literal["complete", "incomplete", "failed"] = (
        "complete" if state.stage == "fetched" else "incomplete" if measured else "failed"
    )
    problem = state.problem
    if problem is None and status != "complete":
        problem = f"the run was cut while this device was {state.stage}; `bakeoff run --resume` goes on"
    survey = files.survey.read_text(encoding="utf-8", errors="replace") if files.survey.exists() else None
    held = read_model(files.held, HeldRecord) if files.held.exists() else None
    phone_states = read_model(files.phone_state, PhoneStates) if files.phone_state.exists() else None
    profile = profile_in_words(read_model(files.profile, DeviceProfile)) if files.profile.exists() else None
    return DeviceFacts(
        identity,
        files.records if measured else None,
        status,
        problem,
        runner=runner,
        survey_text=survey,
        profile=profile,
        held=held,
        phone_states=phone_states,
    )
