"""Formats: numbers, durations and names for people, the same in pictures, tables and logs."""

import math
from collections.abc import Sequence

SPLITS = ("train", "validation", "test")


def number(value: float | None) -> str:
    """A loss or a score with four significant digits or more: 0.4500, 12.35, 12346, 1.234e-5; empty for None."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    return f"{value:.0f}" if 999.95 <= abs(value) < 1e6 else short_exponent(f"{value:#.4g}")


def short(value: float) -> str:
    """A learning rate as in a config: 0.1, 0.001, 3e-4, 1e-5."""
    text = f"{value:.4g}"
    if 0 < abs(value) < 1e-3:
        mantissa, exponent = f"{value:.3e}".split("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"
    return short_exponent(text)


def short_exponent(text: str) -> str:
    """ "1e-05" -> "1e-5", "1e+07" -> "1e7"."""
    return text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def count(value: float, unit: str = "") -> str:
    """A count in thousands, millions, ...: 640, 1,290, 52.1 k, 1.23 M, 25.0 MFLOP."""
    for factor, prefix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        # 9,999 is as short as "10.0 k" and more precise; with a unit there is always a prefix. 999.95 rounds to 1000.
        if abs(value) >= (1e4 if factor == 1e3 and not unit else 0.9995 * factor):
            digits = f"{value / factor:#.3g}".rstrip(".")
            return f"{digits} {prefix}{unit}"
    return f"{value:,.0f} {unit}".rstrip()


def counted(number: int, what: str) -> str:
    """1 epoch, 2,000 steps."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def size(n_bytes: float) -> str:
    """Bytes in powers of 1024: 640 B, 4.20 KiB, 1.43 GiB."""
    for factor, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if n_bytes >= factor:
            return (
                f"{n_bytes / factor:.3g} {unit}"
                if n_bytes < 999.5 * factor
                else f"{n_bytes / factor:.0f} {unit}"
            )
    return f"{n_bytes:.0f} B"


def duration(seconds: float) -> str:
    """A duration: 340 µs, 8 ms, 0.12 s, 8.4 s, 2 min 05 s, 3 h 20 min."""
    if seconds < 9.995e-4:
        return f"{seconds * 1e6:.3g} µs" if seconds else "0 s"
    if seconds < 0.0995:
        return f"{seconds * 1e3:.2g} ms"
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // (24 * 60)} d {minutes // 60 % 24:02d} h"


def clock(seconds: float) -> str:
    """A running clock: 0:07, 12:34, 1:02:03."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def epoch_text(epoch: float) -> str:
    """A number of epochs: 3, or 2.50 within an epoch."""
    return f"{epoch:.0f}" if epoch == round(epoch) else f"{epoch:.2f}"


def split_and_score(column: str) -> tuple[str, str]:
    """A column of metrics.csv as the names of its split and score: "validation_top_k_accuracy" -> ("validation", "top k accuracy")."""
    split, _, score = column.partition("_")
    return (split, score.replace("_", " ")) if split in SPLITS and score else ("", column.replace("_", " "))


def printable(text: object) -> str:
    """Text with its control characters escaped, so that it cannot move the cursor of a terminal or change its colours."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in str(text))


def shortened(text: str, length: int) -> str:
    """At most `length` characters; the middle is replaced by an ellipsis."""
    if len(text) <= length:
        return text
    half = (length - 1) // 2
    return f"{text[: length - 1 - half]}…{text[-half:]}"


def distinct(texts: Sequence[str], length: int) -> list[str]:
    """Each text in at most `length` characters; of those that `shortened` makes equal, the part where they begin to differ."""
    found = [shortened(text, length) for text in texts]
    alike: dict[str, list[int]] = {}
    for place, short in enumerate(found):
        alike.setdefault(short, []).append(place)
    for places in alike.values():
        wholes = [texts[place] for place in places]
        if len(set(wholes)) > 1:
            differ = (len(set(letters)) > 1 for letters in zip(*wholes, strict=False))
            at = next((at for at, do in enumerate(differ) if do), min(map(len, wholes)))
            start = at - length // 2 + 1  # not negative, as they have so many letters in common
            end = start + length - 2
            for place, whole in zip(places, wholes, strict=True):
                found[place] = f"…{whole[start:end]}" + "…" * (end < len(whole))
    return found
