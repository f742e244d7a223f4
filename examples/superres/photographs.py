"""The photographs: which are trained on, which are held out, whose they are.

All of them ship inside wheels (scikit-image, scikit-learn, matplotlib), so nothing is downloaded.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class Photograph:
    """One image file inside an installed package.

    Attributes:
        scene: the name that the demo crops carry; crops of one scene are one statistical cluster.
        package: the importable package whose wheel holds the file.
        path: the file, relative to the package's folder.
        licence: the terms, as the package or the change that added the file to it states them.
        credit: who made it.
    """

    scene: str
    package: str
    path: str
    licence: str
    credit: str


_PUBLIC_DOMAIN = "public domain"
_CC0 = "CC0 1.0"
_CC_BY = "CC BY 2.0"
_NO_KNOWN = "no known copyright restrictions"

TRAINING = (
    Photograph("astronaut", "skimage", "data/astronaut.png", _PUBLIC_DOMAIN, "NASA"),
    Photograph("rocket", "skimage", "data/rocket.jpg", _PUBLIC_DOMAIN, "SpaceX"),
    Photograph("grass", "skimage", "data/grass.png", _CC0, "linolafett"),
    Photograph("gravel", "skimage", "data/gravel.png", _CC0, "CC0Textures (Gravel04)"),
    Photograph("retina", "skimage", "data/retina.jpg", _CC0, "Mikael Häggström"),
    Photograph("coins", "skimage", "data/coins.png", _NO_KNOWN, "Brooklyn Museum"),
    Photograph("tissue", "skimage", "data/ihc.png", _NO_KNOWN, "CMMI"),
    Photograph("china", "sklearn", "datasets/images/china.jpg", _CC_BY, "danielbuechele"),
    Photograph("flower", "sklearn", "datasets/images/flower.jpg", _CC_BY, "vultilion, danielbuechele"),
)

HELD_OUT = (
    Photograph("brick", "skimage", "data/brick.png", _CC0, "CC0Textures (Bricks25)"),
    Photograph("camera", "skimage", "data/camera.png", _CC0, "Lav Varshney"),
    Photograph("chelsea", "skimage", "data/chelsea.png", _CC0, "Stefan van der Walt"),
    Photograph("coffee", "skimage", "data/coffee.png", _CC0, "Rachel Michetti"),
    Photograph("hopper", "matplotlib", "mpl-data/sample_data/grace_hopper.jpg", _PUBLIC_DOMAIN, "US Navy"),
    Photograph("hubble", "skimage", "data/hubble_deep_field.jpg", _PUBLIC_DOMAIN, "NASA, ESA"),
)


def load(photograph: Photograph) -> NDArray[np.uint8]:
    """The photograph as (H, W, 3) RGB, uint8; a grey one has three equal channels.

    Raises:
        FileNotFoundError: the package is missing, or its wheel no longer holds the file.
    """
    spec = importlib.util.find_spec(photograph.package)
    folder = Path(spec.origin).parent if spec and spec.origin else Path(photograph.package)
    file = folder / photograph.path
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such photograph; install the versions in requirements-train.txt")
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)
