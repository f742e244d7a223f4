"""The page of a blind look: one HTML file that asks, and exports the answers. It asks no network for anything.

What the page holds of the arms. Which arm is which is not in it: pictures go by ids that were drawn by lot, and only
the run's folder has the key. Which pictures are of the *same* arm is in it, since the page stops once a voter's answers
settle what they prefer; it is masked, as the pictures are, so that it does not stand in the source in clear, and so is
how many bytes a picture has. The mask is no secret (its key is in the page): who takes the page apart with tools can
undo it, and whoever has the run's other files knows the pictures anyway.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from harness.words.sentences import counted
from reports.page_environment import TEMPLATES, page_environment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SECONDS_A_PAIR = 10.0
"""Seven to look and answer, with the share of pairs that come twice."""


@dataclass(frozen=True)
class BlindPair:
    """One pair: its id, the baseline's and the candidate's picture as (id, file), and the reference's file. Files are
    lossless PNG or WebP.
    """

    pair: str
    baseline: tuple[str, bytes]
    candidate: tuple[str, bytes]
    reference: bytes | None


def render_vote_page(run_id: str, ballot: str, digest: str, pairs: list[BlindPair]) -> str:
    """The page. Each rendering masks anew: two pages of one ballot have no bytes of pictures in common."""
    content = {
        "run_id": run_id,
        "ballot": ballot,
        "digest": digest,
        **_masked(pairs),
    }
    script = (TEMPLATES / "vote.js").read_text(encoding="utf-8")
    style = (TEMPLATES / "vote.css").read_text(encoding="utf-8")
    return (
        page_environment()
        .get_template("vote.html.j2")
        .render(
            run_id=run_id,
            # Only ids and base64 are in it: nothing that could end the element.
            content=Markup(json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")),
            script=Markup(script),
            script_hash=_policy_hash(script),
            vote_style=Markup(style),
            minutes=counted(max(1, round(len(pairs) * _SECONDS_A_PAIR / 60.0)), "minute"),
            has_references=any(pair.reference is not None for pair in pairs),
        )
    )


def _policy_hash(text: str) -> str:
    """Of an inline script as the browser sees it, for the page's policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _masked(pairs: list[BlindPair]) -> dict[str, object]:
    """The pairs in an order drawn by lot, the two pictures of each too; `same` says for each pair whether its first
    picture is of the first build, which is either arm.
    """
    source = random.SystemRandom()
    pairs = source.sample(pairs, len(pairs))
    first_build_is_baseline = source.random() < 0.5
    shown, same = [], bytearray()
    for pair in pairs:
        baseline_first = source.random() < 0.5
        pictures = [pair.baseline, pair.candidate] if baseline_first else [pair.candidate, pair.baseline]
        longest = max(len(content) for _, content in pictures)
        same.append((source.randrange(128) << 1) | (baseline_first == first_build_is_baseline))
        shown.append(
            {
                "pair": pair.pair,
                # Zeros behind the end of a file are not looked at; behind the mask they do not show.
                "pictures": [{"id": name, **_mask(content.ljust(longest, b"\0"))} for name, content in pictures],
                "reference": _mask(pair.reference) if pair.reference is not None else None,
            }
        )
    return {"pairs": shown, "same": _mask(bytes(same))}


def _mask(content: bytes) -> dict[str, object]:
    """Base64 of the content under a mask, and the mask's key; the page undoes it with the same few lines."""
    import numpy as np

    key = secrets.randbits(32)
    stream = mask_stream(key, len(content))
    masked = np.frombuffer(content, np.uint8) ^ stream
    return {"key": key, "data": base64.b64encode(masked.tobytes()).decode("ascii")}


def mask_stream(key: int, length: int) -> NDArray[np.uint8]:
    """`length` bytes, uint8 (length,): the finaliser of MurmurHash3 over key + 0, key + 1, …, four bytes of each."""
    import numpy as np

    state = (np.arange(-(-length // 4), dtype=np.uint64) + np.uint64(key)).astype(np.uint32)
    state ^= state >> np.uint32(16)
    state *= np.uint32(0x85EBCA6B)
    state ^= state >> np.uint32(13)
    state *= np.uint32(0xC2B2AE35)
    state ^= state >> np.uint32(16)
    return state.astype("<u4").view(np.uint8)[:length]
