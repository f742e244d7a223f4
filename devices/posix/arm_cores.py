"""Names of ARM cores by what /proc/cpuinfo calls `CPU implementer` and `CPU part` (from the MIDR_EL1 register).

Numbers are from ARM's and the makers' technical reference manuals. Not a list of all: an unknown core is shown by its
numbers.
"""

from __future__ import annotations

from typing import Final

ARM_CORES: Final[dict[tuple[int, int], str]] = {
    (0x41, 0xB76): "ARM1176",
    (0x41, 0xC05): "Cortex-A5",
    (0x41, 0xC07): "Cortex-A7",
    (0x41, 0xC08): "Cortex-A8",
    (0x41, 0xC09): "Cortex-A9",
    (0x41, 0xC0D): "Cortex-A17",
    (0x41, 0xC0E): "Cortex-A17",
    (0x41, 0xC0F): "Cortex-A15",
    (0x41, 0xD03): "Cortex-A53",
    (0x41, 0xD04): "Cortex-A35",
    (0x41, 0xD05): "Cortex-A55",
    (0x41, 0xD07): "Cortex-A57",
    (0x41, 0xD08): "Cortex-A72",
    (0x41, 0xD09): "Cortex-A73",
    (0x41, 0xD0A): "Cortex-A75",
    (0x41, 0xD0B): "Cortex-A76",
    (0x41, 0xD0C): "Neoverse-N1",
    (0x41, 0xD0D): "Cortex-A77",
    (0x41, 0xD0E): "Cortex-A76AE",
    (0x41, 0xD40): "Neoverse-V1",
    (0x41, 0xD41): "Cortex-A78",
    (0x41, 0xD42): "Cortex-A78AE",
    (0x41, 0xD44): "Cortex-X1",
    (0x41, 0xD46): "Cortex-A510",
    (0x41, 0xD47): "Cortex-A710",
    (0x41, 0xD48): "Cortex-X2",
    (0x41, 0xD49): "Neoverse-N2",
    (0x41, 0xD4A): "Neoverse-E1",
    (0x41, 0xD4B): "Cortex-A78C",
    (0x41, 0xD4D): "Cortex-A715",
    (0x41, 0xD4E): "Cortex-X3",
    (0x41, 0xD4F): "Neoverse-V2",
    (0x41, 0xD80): "Cortex-A520",
    (0x41, 0xD81): "Cortex-A720",
    (0x41, 0xD82): "Cortex-X4",
    (0x4E, 0x003): "NVIDIA Denver 2",
    (0x4E, 0x004): "NVIDIA Carmel",
    (0x51, 0x001): "Qualcomm Oryon",
    (0x51, 0x205): "Qualcomm Kryo",
    (0x51, 0x211): "Qualcomm Kryo",
    (0x51, 0x800): "Qualcomm Kryo 2XX Gold",
    (0x51, 0x801): "Qualcomm Kryo 2XX Silver",
    (0x51, 0x802): "Qualcomm Kryo 3XX Gold",
    (0x51, 0x803): "Qualcomm Kryo 3XX Silver",
    (0x51, 0x804): "Qualcomm Kryo 4XX Gold",
    (0x51, 0x805): "Qualcomm Kryo 4XX Silver",
    (0x61, 0x022): "Apple M1 Icestorm",
    (0x61, 0x023): "Apple M1 Firestorm",
    (0x61, 0x032): "Apple M2 Blizzard",
    (0x61, 0x033): "Apple M2 Avalanche",
}


def arm_core_name(implementer: int, part: int) -> str:
    """The core's name, or its numbers."""
    return ARM_CORES.get((implementer, part), f"ARM core {implementer:#04x}/{part:#05x}")
