"""Votes hold for the device whose pictures were shown, and for those that gave the very same ones."""

from pathlib import Path
from types import SimpleNamespace

from harness.analysis.tables.outputs import Output, OutputFile
from harness.commands.votes.votes_by_device import votes_by_device
from harness.documents.joined_votes import ItemPreference, JoinedVotes, Preference

MANIFEST = SimpleNamespace(
    devices=[SimpleNamespace(name=name) for name in ("shown", "same", "other", "without")],
    items=[SimpleNamespace(stem="one", id="i0"), SimpleNamespace(stem="two", id="i1")],
    arms=[SimpleNamespace(name="fp32", id="a0"), SimpleNamespace(name="int8", id="a1")],
)


def outputs(changed=None):
    found = {}
    for arm in ("a0", "a1"):
        for item in ("i0", "i1"):
            digest = "f" * 64 if (arm, item) == changed else f"{arm}{item}" * 16
            found[arm, item] = Output(((OutputFile(Path("x.npy"), digest, "uint8", (1,), 1),),))
    return found


OUTPUTS = {"shown": outputs(), "same": outputs(), "other": outputs(("a1", "i1")), "without": {}}


def preference(device, share, items=("one", "two")):
    images = [ItemPreference(item=item, candidate=5, baseline=1, neither=0, share=5 / 6, p_value=0.2) for item in items]
    return Preference(
        device=device, candidate="int8", ballot="0" * 16, voters=6, answers=12, share=share, sd=0.2, effective_n=2,
        low=0.1, high=0.9, share_with_careless=share, could_tell=1.0, agreement=None, repeated=0, repeated_same=0,
        identical=0, identical_seen=0, aided=0.0, settled=0, items=images,
    )  # fmt: skip


def held(*preferences):
    found = votes_by_device(JoinedVotes(run_id="r", preferences=list(preferences)), MANIFEST, OUTPUTS)
    return {device: {name: one.share for name, one in own.items()} for device, own in found.items()}


def test_the_same_bytes_carry_the_votes_and_one_other_byte_does_not():
    assert held(preference("shown", 0.8)) == {"shown": {"int8": 0.8}, "same": {"int8": 0.8}, "other": {}, "without": {}}


def test_what_nobody_voted_on_does_not_matter():
    assert held(preference("shown", 0.8, ("one",)))["other"] == {"int8": 0.8}


def test_own_votes_go_before_those_on_another_devices_pictures():
    found = held(preference("same", 0.3), preference("shown", 0.8))
    assert (found["shown"], found["same"]) == ({"int8": 0.8}, {"int8": 0.3})


def test_the_last_ballot_of_a_device_counts():
    assert held(preference("shown", 0.8), preference("shown", 0.6))["shown"] == {"int8": 0.6}


def test_without_votes_no_device_has_any():
    assert votes_by_device(None, MANIFEST, OUTPUTS) == {name: {} for name in OUTPUTS}
