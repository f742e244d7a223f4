"""Which devices votes hold for: the one whose pictures were shown, and those that gave the very same pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.analysis.tables.outputs import Output
    from harness.documents.joined_votes import JoinedVotes, Preference
    from harness.documents.manifest import Manifest

METHOD_IN_WORDS = (
    "Preference of people: blind votes on pictures of both arms, sides drawn by lot, each voter until settled; the "
    "mean over voters of unbiased shares, with voters and items as clusters; voters who did not look with care are "
    "left out."
)

Outputs = dict[str, dict[tuple[str, str], "Output"]]
"""Device → (arm id, item id) → output."""


def votes_by_device(
    votes: JoinedVotes | None, manifest: Manifest, outputs: Outputs
) -> Mapping[str, dict[str, Preference]]:
    """Device → candidate → what people prefer. Votes on a device's own pictures go before those on another's; of one
    ballot after the other the last counts. A device whose outputs differ in any byte, on any item that was voted on,
    has no votes but its own.
    """
    found: dict[str, dict[str, Preference]] = {entry.name: {} for entry in manifest.devices}
    if votes is None:
        return found
    for is_own in (False, True):
        for preference in votes.preferences:
            for entry in manifest.devices:
                if (entry.name == preference.device) == is_own and (
                    is_own or _same_pictures(preference, entry.name, manifest, outputs)
                ):
                    found[entry.name][preference.candidate] = preference
    return found


def _same_pictures(preference: Preference, device: str, manifest: Manifest, outputs: Outputs) -> bool:
    ids = {item.stem: item.id for item in manifest.items}
    arms = [manifest.arms[0].id, *(arm.id for arm in manifest.arms if arm.name == preference.candidate)]
    keys = [(arm, ids.get(image.item, "")) for arm in arms for image in preference.items]
    shown, here = outputs.get(preference.device, {}), outputs.get(device, {})
    return bool(keys) and all(key in shown and key in here and _bytes(shown, key) == _bytes(here, key) for key in keys)


def _bytes(outputs: Mapping[tuple[str, str], Output], key: tuple[str, str]) -> list[str]:
    return [file.sha256 for file in outputs[key].files]
