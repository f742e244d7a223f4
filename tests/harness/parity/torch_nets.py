"""Three of the networks of `onnx_graphs` as PyTorch modules, with the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from onnx import numpy_helper
from torch import nn


class Weights:
    """Constants of an ONNX model, in the order of its nodes."""

    def __init__(self, model: Any) -> None:
        self.held = {
            each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in model.graph.initializer
        }
        self.nodes = [each for each in model.graph.node if any(name in self.held for name in each.input)]

    def next(self, kind: str) -> list[torch.Tensor]:
        node = next(each for each in self.nodes if each.op_type == kind)
        self.nodes.remove(node)
        return [self.held[name] for name in node.input if name in self.held]

    def conv(self) -> nn.Conv2d:
        kernel, bias = self.next("Conv")
        made = nn.Conv2d(kernel.shape[1], kernel.shape[0], kernel.shape[2], padding=kernel.shape[2] // 2)
        made.weight.data, made.bias.data = kernel, bias  # type: ignore[union-attr]
        return made

    def norm(self) -> nn.BatchNorm2d:
        gamma, beta, mean, var = self.next("BatchNormalization")
        made = nn.BatchNorm2d(len(gamma))
        made.weight.data, made.bias.data, made.running_mean, made.running_var = gamma, beta, mean, var
        return made

    def gemm(self) -> nn.Linear:
        return _linear(*self.next("Gemm"))

    def linear(self) -> nn.Linear:
        (matrix,) = self.next("MatMul")
        (bias,) = self.next("Add")
        return _linear(matrix, bias)

    def layer_norm(self) -> nn.LayerNorm:
        gamma, beta = self.next("LayerNormalization")
        made = nn.LayerNorm(len(gamma))
        made.weight.data, made.bias.data = gamma, beta
        return made


def _linear(matrix: torch.Tensor, bias: torch.Tensor) -> nn.Linear:
    made = nn.Linear(*matrix.shape)
    made.weight.data, made.bias.data = matrix.T.contiguous(), bias
    return made


class Upscaler(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        held = Weights(model)
        self.convs = nn.ModuleList([held.conv() for _ in range(6)])
        self.last = nn.PixelShuffle(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for place, conv in enumerate(self.convs):
            x = conv(x) if place == 5 else torch.relu_(conv(x))
        return self.last(x)  # type: ignore[no-any-return]


class Block(nn.Module):
    def __init__(self, held: Weights) -> None:
        super().__init__()
        self.one, self.norm_one = held.conv(), held.norm()
        self.two, self.norm_two = held.conv(), held.norm()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = torch.relu(self.norm_one(self.one(x)))
        return torch.relu(self.norm_two(self.two(inner)) + x)


class Residual(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        held = Weights(model)
        self.first, self.norm = held.conv(), held.norm()
        self.blocks = nn.ModuleList([Block(held) for _ in range(3)])
        self.middle, self.last = held.gemm(), held.gemm()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.first(x)))
        for block in self.blocks:
            x = block(x)
        return self.last(torch.relu(self.middle(x.mean((2, 3)))))  # type: ignore[no-any-return]


class Attention(nn.Module):
    def __init__(self, held: Weights) -> None:
        super().__init__()
        self.norm = held.layer_norm()
        self.query, self.key, self.value = held.linear(), held.linear(), held.linear()
        self.out, self.up, self.down = held.linear(), held.linear(), held.linear()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        normal = self.norm(x)
        query, key, value = (
            each(normal).view(x.shape[0], 12, 2, 8).transpose(1, 2) for each in (self.query, self.key, self.value)
        )
        weights = torch.softmax(query @ key.transpose(2, 3) * 8**-0.5, dim=-1)
        x = x + self.out((weights @ value).transpose(1, 2).reshape(x.shape[0], 12, 16))
        return x + self.down(torch.relu(self.up(x)))  # type: ignore[no-any-return]


class Transformer(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        held = Weights(model)
        self.blocks = nn.ModuleList([Attention(held) for _ in range(2)])
        self.last = held.linear()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = block(x)
        return self.last(x)  # type: ignore[no-any-return]


TWINS: dict[str, type[nn.Module]] = {"upscaler": Upscaler, "residual": Residual, "transformer": Transformer}


def saved(graph: str, model: Any, folder: Path, form: str) -> Path:
    """The twin of an ONNX model as `export` (torch.export), `script` or `trace` writes it."""
    module = TWINS[graph](model).eval()
    given = torch.zeros([each.dim_value for each in model.graph.input[0].type.tensor_type.shape.dim])
    if form == "export":
        torch.export.save(torch.export.export(module, (given,)), folder / "original.pt2")
        return folder / "original.pt2"
    path = folder / "original.pt"
    made = torch.jit.script(module) if form == "script" else torch.jit.trace(module, given)
    made.save(str(path))
    return path
