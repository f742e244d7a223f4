"""A converted model beside its original, as one HTML file: no network, no JavaScript."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from markupsafe import Markup, escape

from harness.documents.parity import ErrorInterval, Parity, ParityLayer
from harness.words.parity import error_in_words, percent, returned_in_words, share_in_words
from reports.page_environment import page_environment
from reports.parity.terminal import coverage_in_words

_WIDTH, _HEIGHT = 240.0, 26.0


def render_parity_html(parity: Parity) -> str:
    """The page. The same document gives the same text."""
    environment = page_environment()
    largest = max((max(each.own.high, each.inherited.high) for each in parity.layers), default=0.0)
    blamed = set() if parity.culprit is None else set(parity.culprit.layers)
    return environment.get_template("parity.html.j2").render(
        parity=parity,
        blamed=blamed,
        names=(Path(parity.original.file).name, Path(parity.converted.file).name),
        coverage=coverage_in_words(parity),
        bars=[_bars(layer, largest, place in blamed) for place, layer in enumerate(parity.layers)],
        largest=percent(largest),
        percent=percent,
        words=error_in_words,
        shares=share_in_words,
        returned=returned_in_words,
    )


def _bars(layer: ParityLayer, largest: float, is_blamed: bool) -> Markup:
    """Own error above inherited, both from 0, on the scale that all layers of the page have."""
    kind = "is-bad" if is_blamed else "is-open" if layer.stands_out else "is-none"
    own = _bar(layer.own, largest, 3.0, f"parity-own {kind}")
    inherited = _bar(layer.inherited, largest, 15.0, "parity-inherited")
    told = f"own error {error_in_words(layer.own)}, inherited {error_in_words(layer.inherited)}"
    return Markup(
        f'<svg class="parity-bars" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" width="{_WIDTH:g}" height="{_HEIGHT:g}" '
        f'role="img" aria-label="{escape(told)}"><line class="bar-zero" x1="1" x2="1" y1="0" y2="{_HEIGHT:g}"/>'
        f"{own}{inherited}</svg>"
    )


_REACH: Final = _WIDTH - 4.0


def _bar(error: ErrorInterval, largest: float, top: float, kind: str) -> str:
    def at(value: float) -> float:
        return 2.0 + (_REACH * min(value / largest, 1.0) if largest else 0.0)

    return (
        f'<g class="{kind}"><rect x="2" y="{top:g}" width="{at(error.mean) - 2.0:.1f}" height="8"/>'
        f'<line x1="{at(error.low):.1f}" x2="{at(error.high):.1f}" y1="{top + 4:g}" y2="{top + 4:g}"/></g>'
    )
