"""Scripted modules that are refused: what they do is not a model's to do."""

from __future__ import annotations

import torch


class ReadsFile(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.from_file("/etc/hostname", False, 1, dtype=torch.uint8)


class SetsState(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.size = 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.size

    @torch.jit.export
    def __getstate__(self) -> tuple[int, bool]:
        return 1, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[int, bool]) -> None:
        self.size = state[0]
        self.training = state[1]


class TellsADict(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"y": x}
