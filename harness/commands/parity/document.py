"""What was found, as parity.json holds it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np

from harness import __version__
from harness.documents.parity import (
    ErrorInterval,
    Parity,
    ParityCoverage,
    ParityLayer,
    ParityModel,
    ParityOp,
    ParityProof,
)
from harness.models.model_file import ModelFile
from harness.parity.culprit import RETURNED, Found, Tried, amplitude, excess, interval
from harness.parity.graph import Op
from harness.parity.inputs import Inputs
from harness.parity.own_error import MOST, Layer
from harness.parity.study import Study
from harness.parity.survey import Survey
from harness.words.parity import CRITERION, parity_sentence

_FAINTEST: Final = 1e-16
"""Relative error energy that an input without any error counts as in a geometric mean: that of float64."""
_MOST_NAMES: Final = 1000


def document_of(original: ModelFile, converted: ModelFile, inputs: Inputs, study: Study) -> Parity:
    """The document, with its sentence."""
    found, places = study.found, {id(layer): place for place, layer in enumerate(study.layers)}
    parity = Parity(
        bakeoff_version=__version__,
        original=_model(original, study.original),
        converted=_model(converted, study.converted),
        inputs=inputs.told,
        inputs_are_made_up=inputs.made_up,
        n_inputs=len(inputs.items),
        arithmetic=study.kind,
        coverage=ParityCoverage(
            aligned=len(study.pairs),
            of=len(study.pairs) + len(study.unaligned),
            unaligned=[each.key for each in study.unaligned][:_MOST_NAMES],
            missing=[each.key for each in study.missing][:_MOST_NAMES],
        ),
        output_error=_interval(study.lost),
        snr_db=_snr(study.lost),
        outcome=_outcome(found, study.lost),
        culprit=None if found.culprit is None else _proof(found.culprit, places),
        tried=[_proof(each, places) for each in found.tried],
        layers=[_layer(each, study, found) for each in study.layers],
        sentence="",
        criterion=CRITERION,
        notes=_notes(inputs, study, one_file=original.sha256 == converted.sha256),
    )
    return parity.model_copy(update={"sentence": parity_sentence(parity)})


def _outcome(found: Found, lost: Sequence[float]) -> Literal["agree", "culprit", "spread", "unproven"]:
    if found.agree:
        return "agree"
    if found.culprit is not None:
        return "culprit"
    if max(lost) >= MOST:  # outputs that are not finite, or drown in their error, are no sound build's
        return "unproven"
    small = all(each.restored is not None and each.returned[2] < RETURNED for each in found.tried)
    return "spread" if small or not found.outstanding else "unproven"


def _model(model: ModelFile, survey: Survey) -> ParityModel:
    return ParityModel(
        file=str(Path(model.path)),
        format=model.format,
        sha256=model.sha256,
        bytes=model.bytes,
        how=survey.program.how,
        tensors=len(survey.values.listed),
    )


def _layer(layer: Layer, study: Study, found: Found) -> ParityLayer:
    main = layer.main
    own, held = float(np.mean(layer.own)), float(np.mean(layer.activations))
    share = None
    if study.kind == "int8" and own > 0.0:
        share = min(held / own, 1.0)
    label = "a layer" if main is None else f"{main.kind} {main.name}".strip()
    return ParityLayer(
        label=label,
        tensor=layer.pair.converted.key,
        original_tensor=layer.pair.original.key,
        ops=[_op(each) for each in layer.ops],
        original_ops=[_op(each) for each in layer.original_ops],
        correlation=layer.pair.correlation,
        own=_interval(layer.own),
        inherited=_interval(layer.inherited),
        arrived=_interval(layer.arrived),
        expected=amplitude(layer.plain) if study.kind == "int8" else None,
        excess=excess(layer, study.kind),
        weights_share=None if share is None else 1.0 - share,
        activations_share=share,
        stands_out=any(each is layer for each in found.outstanding),
    )


def _op(op: Op) -> ParityOp:
    return ParityOp(kind=op.kind, name=op.name, source=op.source)


def _proof(tried: Tried, places: dict[int, int]) -> ParityProof:
    layers = [places[id(layer)] for layer in tried.layers]
    if tried.restored is None:
        return ParityProof(layers=layers, why_not=tried.why_not)
    mean, low, high = tried.returned
    returned = ErrorInterval(mean=mean, low=low, high=high)
    return ParityProof(layers=layers, returned=returned, snr_after_db=_snr(tried.restored.after))


def _snr(energies: Sequence[float]) -> float | None:
    mean = float(np.mean(energies))
    return None if mean == 0.0 else -10.0 * math.log10(mean)


def _interval(energies: Sequence[float]) -> ErrorInterval:
    """Of amplitudes: geometric mean and t interval of their logarithms."""
    if max(energies) == 0.0:
        return ErrorInterval(mean=0.0, low=0.0, high=0.0)
    logs = [math.log(max(each, _FAINTEST)) / 2.0 for each in energies]
    mean, low, high = interval(logs)
    most = math.sqrt(MOST)
    return ErrorInterval(mean=math.exp(mean), low=math.exp(max(low, -50.0)), high=min(math.exp(min(high, 50.0)), most))


def _tensors_have(count: int) -> str:
    return "1 tensor of the original has" if count == 1 else f"{count} tensors of the original have"


def _notes(inputs: Inputs, study: Study, *, one_file: bool) -> list[str]:
    notes = []
    if one_file:
        notes.append(
            "Both are the same file: what differs is how it is run, by the kernels that ship or by plain ones, and of "
            "its conversion this says nothing."
        )
    if inputs.made_up:
        notes.append(
            "The inputs are made up: a range that cuts them may be right for real ones. Give --inputs to be sure."
        )
    if study.missing:
        notes.append(
            f"{_tensors_have(len(study.missing))} no counterpart: fused into the next operator, or not recognised."
        )
    if "without graph optimisation" in study.converted.program.how:
        notes.append(f"The converted build ran {study.converted.program.how}: not quite as it ships.")
    return notes
