"""What can go wrong in a backward pass: gradients broken in every way that has happened."""

import numpy as np


def largest_flipped(right, before, other):
    wrong = right.copy()
    wrong.flat[np.abs(right).argmax()] *= -1
    return wrong


def last_not_a_number(right, before, other):
    wrong = right.copy()
    wrong.flat[-1] = np.nan
    return wrong


def small_lost(right, before, other):
    """The smallest that is not negligible becomes 0."""
    size = np.abs(right)
    wrong = right.copy()
    wrong.flat[np.where(size > 0.01 * size.max(), size, np.inf).argmin()] = 0
    return wrong


def half_a_row_lost(right, before, other):
    """Half of the largest row is missing, as if a sum had left out a term."""
    wrong = right.copy()
    wrong[np.abs(right).reshape(len(right), -1).sum(axis=1).argmax()] /= 2
    return wrong


def reordered(order):
    def mutate(right, before, other):
        wrong = order(right).reshape(right.shape)
        return -right if np.allclose(wrong, right, rtol=1e-3) else wrong

    return mutate


# (right gradient, what the buffer held before, another gradient) -> the wrong one.
MUTATIONS = {
    "a hundredth too large": lambda right, before, other: 1.01 * right,
    "one sign flipped": largest_flipped,
    "every sign flipped": lambda right, before, other: -right,
    "one element lost": small_lost,
    "half a row lost": half_a_row_lost,
    "shifted by one": reordered(lambda right: np.roll(right, 1)),
    "transposed": reordered(lambda right: right.T if right.ndim > 1 else right[::-1]),
    "not written": lambda right, before, other: before,
    "added to what was there": lambda right, before, other: before + right,
    "not a number": last_not_a_number,
    "another's": lambda right, before, other: np.resize(other, right.shape),
}


def gradients(ctx, layer, shapes) -> dict[str, np.ndarray]:
    """The arrays that backward writes, named as the check names their tensors."""
    names = ["x"] if len(ctx.dxs) == 1 else [f"x{place + 1}" for place in range(len(ctx.dxs))]
    inputs = {name: dx for name, dx in zip(names, ctx.dxs, strict=True) if dx is not None}  # tokens have none
    return inputs | {name: getattr(ctx, f"d{name}") for name in layer.parameters(*shapes)}


def break_layer(monkeypatch, kind, tensor: str, mutate) -> None:
    """Lets the method that writes the gradient of `tensor` write the mutated one, and the other gradients as ever."""
    method = "backward_input" if tensor.startswith("x") else "backward_parameters"
    original = getattr(kind, method)

    def backward(self, ctx):
        found = gradients(ctx, self, [x.shape[1:] for x in ctx.xs])
        before = found[tensor].copy()
        original(self, ctx)
        others = [array for name, array in found.items() if name != tensor and not name.startswith("x")]
        other = others[0] if others else np.roll(found[tensor], 1) if found[tensor].size > 1 else ctx.dy
        found[tensor][...] = mutate(found[tensor].copy(), before, other)

    monkeypatch.setattr(kind, method, backward)
