"""Winograd's minimal filtering (Lavin and Gray 2016, arXiv:1509.09308): a convolution of stride 1 with a quarter of the
products where its kernel is 3×3, and a sixth where it is 5×5.

Tiles of the input are changed linearly, so that each of their places needs one product for each pair of channels: over
all channels and tiles that is one matrix product a place. What comes of it is changed back. Written as ONNX nodes, so
that the products are the runtime's. It rounds more than the plain sum does: about 3·10⁻⁶ of the results' spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from metrics.lpips.onnx_graph import OnnxGraph

OUTPUTS = 4
"""Results along a side of a tile."""
_POINTS = (Fraction(0), Fraction(1), Fraction(-1), Fraction(2), Fraction(-2), Fraction(1, 2), Fraction(-1, 2))
"""At which polynomials are evaluated, and at infinity: small ones, since rounding grows with their powers."""

Floats = NDArray[np.float64]


def transforms(kernel: int) -> tuple[Floats, Floats, Floats]:
    """Aᵀ, G and Bᵀ for which Aᵀ((G g) ∘ (Bᵀ d)) are the `OUTPUTS` results of a filter g of `kernel` taps over
    n = `OUTPUTS` + kernel − 1 values d; (4, n), (n, kernel) and (n, n).

    A product of polynomials is the inverse of an evaluation, applied to the product of the evaluated factors (Toom and
    Cook); filtering is that, transposed. Computed in fractions, and so exact but for the last rounding.
    """
    count = OUTPUTS + kernel - 1
    inverse = _inverse(_evaluation(count, count))
    inputs = [[inverse[row][column] for row in range(count)] for column in range(count)]
    results, taps = (_evaluation(count, length) for length in (OUTPUTS, kernel))
    return _floats(results).T, _floats(taps), _floats(inputs)


def convolve_minimally(
    graph: OnnxGraph, name: str, value: str, weight: NDArray[np.float32], bias: NDArray[np.float32], padding: int
) -> str:
    """Add the convolution of `value` (1, C, H, W) with `weight` (K, C, k, k), with `padding` zeros at every border, and
    its `bias` (K,); the name of the result (1, K, H + 2·padding − k + 1, …), which must be of the size H × W.
    """
    outputs, inputs, kernel, _ = weight.shape
    results, taps, tile = transforms(kernel)
    places = len(tile) ** 2

    def constant(part: str, values: Floats) -> str:
        return graph.constant(f"{name}.{part}", values.astype(np.float32))

    def whole(*numbers: int) -> str:
        return graph.whole_numbers(numbers)

    # Of every channel by itself: a convolution from one channel to one for each place, a tile a step. The zeros at the
    # far borders are such that the last tile of four results, whole or not, is the last.
    kernels = constant("tile", np.einsum("ip,jq->ijpq", tile, tile).reshape(places, 1, len(tile), len(tile)))
    far = len(tile) - 1 - padding
    channels = graph.node("Transpose", [value], perm=[1, 0, 2, 3])
    changed = graph.node("Conv", [channels, kernels], strides=[OUTPUTS] * 2, pads=[padding, padding, far, far])
    shape = graph.node("Shape", [changed])
    rows, columns = (graph.node("Gather", [shape, whole(axis)], axis=0) for axis in (2, 3))
    joined = graph.node("Reshape", [changed, whole(inputs, places, -1)])
    by_place = graph.node("Transpose", [joined], perm=[1, 0, 2])

    products = np.empty((len(tile), len(tile), outputs, inputs), np.float32)
    for place, row in enumerate(taps):
        products[place] = np.einsum("a,kcab,jb->jkc", row, weight, taps, optimize=True)
    back = constant("back", np.einsum("si,tj->stij", results, results).reshape(OUTPUTS**2, places))
    across = graph.node("Mul", [columns, whole(OUTPUTS)])
    down = graph.node("Mul", [rows, whole(OUTPUTS)])
    multiplied = graph.node(
        "MatMul", [graph.constant(f"{name}.weight", products.reshape(places, outputs, inputs)), by_place]
    )
    made = graph.node("MatMul", [back, graph.node("Reshape", [multiplied, whole(places, -1)])])
    # In two steps, of which each moves rows or turns small squares: as one it takes five times as long.
    made = graph.node("Reshape", [made, _joined(graph, [whole(OUTPUTS, OUTPUTS, outputs), rows, columns])])
    made = graph.node("Transpose", [made], perm=[2, 3, 0, 1, 4])
    made = graph.node("Reshape", [made, _joined(graph, [whole(-1, OUTPUTS), columns])])
    made = graph.node("Transpose", [made], perm=[0, 2, 1])
    made = graph.node("Reshape", [made, _joined(graph, [whole(1, outputs), down, across])])
    size = graph.node("Slice", [graph.node("Shape", [value]), whole(2), whole(4)])
    made = graph.node("Slice", [made, whole(0, 0), size, whole(2, 3)])
    return graph.node("Add", [made, constant("bias", bias.astype(np.float64).reshape(1, -1, 1, 1))])


def _joined(graph: OnnxGraph, parts: Sequence[str]) -> str:
    return graph.node("Concat", parts, axis=0)


def _evaluation(count: int, length: int) -> list[list[Fraction]]:
    """At `count` points, infinity the last, of a polynomial of `length` coefficients, the constant first."""
    rows = [[point**power for power in range(length)] for point in _POINTS[: count - 1]]
    return [*rows, [Fraction(0)] * (length - 1) + [Fraction(1)]]


def _inverse(matrix: list[list[Fraction]]) -> list[list[Fraction]]:
    """By elimination."""
    size = len(matrix)
    rows = [[*row, *(Fraction(int(place == number)) for place in range(size))] for number, row in enumerate(matrix)]
    for column in range(size):
        pivot = next(number for number in range(column, size) if rows[number][column] != 0)
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for number in range(size):
            factor = rows[number][column]
            if number != column and factor != 0:
                rows[number] = [a - factor * b for a, b in zip(rows[number], rows[column], strict=True)]
    return [row[size:] for row in rows]


def _floats(matrix: list[list[Fraction]]) -> Floats:
    return np.array([[float(value) for value in row] for row in matrix])
