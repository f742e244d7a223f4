"""What people said may be mailed with the rest: it tells nothing of the device's address, and stays what it is."""

from harness.documents.comparison import ItemDisagreement, VotesOnDevice
from harness.documents.joined_votes import ItemPreference, Preference
from reports.shared_copy import shared
from tests.reports import sample_comparison as sample

BOARD = "ssh:alicia@lab-rack-7:2222"


def test_votes_on_a_device_are_shared_without_its_address(tmp_path):
    comparison = sample.comparison(tmp_path, devices=[BOARD], images=1)
    candidate = comparison.arms[1].name
    image = ItemPreference(item="butterfly", candidate=1, baseline=9, neither=2, share=1 / 6, p_value=0.02)
    preference = Preference(
        device=BOARD, candidate=candidate, ballot=None, voters=12, answers=12, share=0.2, sd=0.1, effective_n=11,
        low=0.1, high=0.3, share_with_careless=0.2, could_tell=0.8, agreement=0.4, repeated=12, repeated_same=10,
        identical=12, identical_seen=11, aided=0.1, settled=3, items=[image],
    )  # fmt: skip
    disagreement = ItemDisagreement(item="butterfly", quantity="psnr_y", share=1 / 6, change=0.4)
    votes = VotesOnDevice(preference=preference, careless=1, disagreements=[disagreement])
    device = comparison.devices[0].model_copy(update={"votes": [votes]})
    told = shared(comparison.model_copy(update={"devices": [device]}), ["host12"])
    (mailed,) = told.devices[0].votes
    assert "lab-rack-7" not in told.model_dump_json()
    assert mailed.preference.device == told.devices[0].device
    assert mailed == votes.model_copy(
        update={"preference": preference.model_copy(update={"device": told.devices[0].device})}
    )
