"""`bakeoff votes RUN --page`: the page of a blind look, and beside the run the key to it."""

from __future__ import annotations

import hashlib
import io
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness.commands.votes.draw_pairs import DrawnPairs, draw_pairs
from harness.documents.ballot import Ballot, BallotKey, BallotPair
from harness.documents.folder import read_model, write_atomically, write_model
from harness.errors import UserError
from harness.runs.session.folder_lock import claimed

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from harness.documents.folder import RunFolder

MOST_PAIRS: Final = 30
"""What one person looks at in about five minutes, with the pairs that are asked twice or are identical."""


@dataclass(frozen=True)
class MadePage:
    """What was made, for the command to say."""

    path: Path
    ballot: Ballot
    size_bytes: int
    is_cut: bool


def make_page(
    folder: RunFolder,
    *,
    device: str | None = None,
    candidate: str | None = None,
    most: int = MOST_PAIRS,
    out: Path | None = None,
) -> MadePage:
    """Write the page, by default vote.html in the run's folder, and the key to it in votes/key.json.

    A page that is made again of the same pictures keeps its ballot: votes by the page before count. Raises `UserError`.
    """  # fmt: skip
    with claimed(folder):
        return write_page(folder, device=device, candidate=candidate, most=most, out=out)


def write_page(
    folder: RunFolder, *, device: str | None, candidate: str | None, most: int, out: Path | None
) -> MadePage:
    """As `make_page`, of a folder that is the caller's alone."""
    from reports.vote_page import BlindPair, render_vote_page

    manifest = folder.read_manifest()
    drawn = draw_pairs(folder, manifest, device, candidate, most)
    key = read_key(folder, manifest.run_id)
    pictures = _pictures_sha256(drawn)
    ballot = next((one for one in key.ballots if _is_of(one, drawn, pictures)), None)
    if ballot is None:
        ballot = _new_ballot(drawn, pictures)
        write_model(folder.votes_key, key.model_copy(update={"ballots": [*key.ballots, ballot]}))
    blind = []
    for pair, shown in zip(ballot.pairs, drawn.pairs, strict=True):
        blind.append(
            BlindPair(
                pair.pair,
                (pair.baseline, _encoded(shown.baseline)),
                (pair.candidate, _encoded(shown.candidate)),
                _encoded(shown.reference) if shown.reference is not None else None,
            )
        )
    page = render_vote_page(manifest.run_id, ballot.ballot, ballot.digest, blind).encode()
    path = folder.vote_page if out is None else out
    if path.is_dir():
        raise UserError(f"{path}: is a folder", "Name the file to write.")
    write_atomically(path, page)
    return MadePage(path, ballot, len(page), drawn.is_cut)


def read_key(folder: RunFolder, run_id: str) -> BallotKey:
    """The key of a run; an empty one where no page was made yet. Raises `UserError` where it is of another run."""
    if not folder.votes_key.exists():
        return BallotKey(run_id=run_id)
    key = read_model(folder.votes_key, BallotKey)
    if key.run_id != run_id:
        raise UserError(
            f"{folder.votes_key}: is of run {key.run_id}, and this is run {run_id}", "Put the run's own key there."
        )
    return key


def _is_of(ballot: Ballot, drawn: DrawnPairs, pictures_sha256: str) -> bool:
    return (ballot.device, ballot.candidate, ballot.pictures_sha256) == (drawn.device, drawn.candidate, pictures_sha256)


def _pictures_sha256(drawn: DrawnPairs) -> str:
    return hashlib.sha256("\n".join(pair.sha256 for pair in drawn.pairs).encode()).hexdigest()


def _new_ballot(drawn: DrawnPairs, pictures_sha256: str) -> Ballot:
    """Ids that nobody can guess."""
    pairs = [BallotPair(pair=_id(), item=shown.item, baseline=_id(), candidate=_id()) for shown in drawn.pairs]
    named = "\n".join(f"{one.pair} {one.baseline} {one.candidate}" for one in pairs)
    return Ballot(
        ballot=_id(),
        device=drawn.device,
        candidate=drawn.candidate,
        digest=hashlib.sha256(f"{pictures_sha256}\n{named}".encode()).hexdigest(),
        pictures_sha256=pictures_sha256,
        pairs=pairs,
        identical=drawn.identical,
    )


def _id() -> str:
    return secrets.token_hex(8)


def _encoded(picture: NDArray[np.uint8]) -> bytes:
    """A lossless file without metadata: WebP, which is a quarter smaller, else PNG. Every browser reads both."""
    from PIL import Image, features

    content = io.BytesIO()
    image = Image.fromarray(picture, "RGB")
    if features.check("webp"):
        image.save(content, format="WEBP", lossless=True, quality=60, method=4)
    else:
        image.save(content, format="PNG", optimize=True)
    return content.getvalue()
