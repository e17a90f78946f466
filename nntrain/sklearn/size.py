"""Size: the widths and the training of an estimator's network, by the number of samples."""

from dataclasses import dataclass

STEPS = 3000  # enough for a small network on most tables


@dataclass(frozen=True)
class Size:
    widths: tuple[int, ...]  # of the hidden layers
    batch_size: int
    epochs: int

    @classmethod
    def suited(cls, samples: int) -> "Size":
        batch = min(
            samples, 16 if samples < 200 else 32 if samples < 10_000 else 128 if samples < 100_000 else 256
        )
        widths = (16,) if samples < 200 else (64, 32) if samples < 20_000 else (128, 64)
        return cls(widths, batch, min(200, max(10, round(STEPS * batch / samples))))
