"""Finding: one thing that a check found, with its place, its numbers and what to do about it."""

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

# Where the advice of a warning begins: at its hint, or at its last sentence or clause before the first option.
ADVICE = re.compile(r"\nhint: |\. (?=[A-Z])|: (?=leave |if |set )")


@dataclass(frozen=True)
class Finding:
    """error: training fails, or cannot learn. warning: it trains, but probably not as intended. note: a fact worth knowing."""

    severity: Severity
    check: str  # the name of the check that found it
    text: str  # "column 'height' has the value 3 in all 120 samples"
    remedy: str = ""  # a sentence, with a line of YAML where one exists
    place: str = ""  # the column, layer or split that it is about: "column 'height'", "layer 'dense_1'"
    columns: tuple[str, ...] = ()  # the columns that should be left out

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.severity}: {self.text}" + (f"\nhint: {self.remedy}" if self.remedy else "")


def parted(warning: str) -> tuple[str, str]:
    """A warning of `fit` as its text and its advice, which is empty where it gives none."""
    option = warning.find("`")
    borders = [match for match in ADVICE.finditer(warning) if option < 0 or match.start() < option]
    if not borders:
        return warning, ""
    text, advice = warning[: borders[-1].start()], warning[borders[-1].end() :]
    return text, sentence(advice)


def rounded(value: float) -> str:
    """Three digits: 2,060; 62,000,000; 0.00013; 1.5e+12."""
    short = float(f"{value:.3g}")
    return f"{short:,.0f}" if 1000 <= abs(short) < 1e9 else f"{short:g}"


def sentence(advice: str) -> str:
    """With a capital and a full stop."""
    return f"{advice[:1].upper()}{advice[1:].removesuffix('.')}."
