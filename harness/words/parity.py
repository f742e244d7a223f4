"""What is said of a converted model beside its original."""

from __future__ import annotations

from typing import Final

from harness.documents.parity import ErrorInterval, Parity, ParityLayer, ParityProof
from harness.words.values import fixed_or_finer

CRITERION: Final = (
    "A layer stands out when its own error is 3 times what plain 8-bit quantisation of it would make (in a build of "
    "floats: 3 times what its arithmetic makes), or 10 times the upper quartile of the other layers'. It is the "
    "culprit when putting it back to the original's returns at least half of the error energy at the outputs, and at "
    "least a quarter with 95 % confidence over the inputs. Where none does alone, those that stand out are put back "
    "together."
)


def percent(share: float) -> str:
    """`0.4 %`, `87 %`; what is next to nothing is `0 %`."""
    number = 100.0 * share
    if abs(number) < 0.005:
        return "0 %"
    return f"{fixed_or_finer(number, 0 if abs(number) >= 10.0 else 1)} %"


def error_in_words(error: ErrorInterval) -> str:
    """`3.1 % (between 2.8 % and 3.4 %)`, `none`."""
    if error.mean == 0.0:
        return "none"
    return f"{percent(error.mean)} (between {percent(error.low)} and {percent(error.high)})"


def returned_in_words(proof: ParityProof) -> str:
    """`returns 87 % of it (between 85 % and 89 %)`."""
    if proof.returned is None:
        return f"could not be put back: {proof.why_not}"
    if proof.returned.mean <= 0.0:
        return "returns nothing"
    low, high = max(proof.returned.low, 0.0), min(proof.returned.high, 1.0)
    return f"returns {percent(proof.returned.mean)} of it (between {percent(low)} and {percent(high)})"


def parity_sentence(parity: Parity) -> str:
    """The finding in one or two sentences."""
    if parity.outcome == "agree":
        return "The two models agree: what differs at the outputs is no more than arithmetic makes."
    lost = f"The outputs are off by {error_in_words(parity.output_error)}"
    if parity.culprit is not None:
        layers = [parity.layers[place] for place in parity.culprit.layers]
        names = " together with ".join(each.label for each in layers)
        snr = ""
        if parity.snr_db is not None and parity.culprit.snr_after_db is not None:
            snr = f", from {parity.snr_db:.1f} to {parity.culprit.snr_after_db:.1f} dB"
        what = "Put back to the original's, it " if len(layers) == 1 else "Put back to the original's together, they "
        verb = returned_in_words(parity.culprit)
        verb = verb if len(layers) == 1 else verb.replace("returns", "return", 1)
        return f"{lost}, and {names} is to blame. {what}{verb}{snr}."
    if parity.outcome == "unproven":
        names = ", ".join(each.label for each in parity.layers if each.stands_out)
        if not names:
            return f"{lost}. No layer stands out, and putting single ones back does not mend it: no culprit is named."
        return f"{lost}. {names} stands out, but putting it back does not prove it: no culprit is named."
    best = max(
        (each for each in parity.tried if each.returned is not None and len(each.layers) == 1),
        key=lambda each: each.returned.mean if each.returned is not None else 0.0,
        default=None,
    )
    if best is None or best.returned is None or best.returned.mean <= 0.0:
        return f"{lost}, spread over the layers: none stands out."
    label = parity.layers[best.layers[0]].label
    outstanding = any(each.stands_out for each in parity.layers)
    alone = "none that stands out makes most of it" if outstanding else "none stands out"
    return (
        f"{lost}, spread over the layers: {alone}. The largest single part is {label}'s: put back, it "
        f"{returned_in_words(best)}."
    )


def share_in_words(layer: ParityLayer) -> str:
    """`weights 93 %, activations 7 %`; empty where nothing is quantised."""
    if layer.weights_share is None or layer.activations_share is None:
        return ""
    return f"weights {percent(layer.weights_share)}, activations {percent(layer.activations_share)}"
