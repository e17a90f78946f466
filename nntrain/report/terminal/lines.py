"""Lines: what evaluations and scores look like as plain text, for train.log and where there is no terminal."""

from collections.abc import Mapping
from typing import Any

from nntrain.report.formats import SPLITS, duration, epoch_text, number, short, split_and_score


class EvaluationLines:
    """Evaluations as lines, each aligned with those before it."""

    def __init__(self, epochs: int, steps: int):
        self.epochs, self.steps = epochs, steps  # of the whole training
        self.fractions = False  # whether there were evaluations within an epoch
        self._widths: dict[str, int] = {}

    def epoch_done(self, row: Mapping[str, Any]) -> str:
        """The epochs done at a row, with two decimals once there was an evaluation within an epoch."""
        return f"{row['epoch']:.2f}" if self.fractions else epoch_text(row["epoch"])

    def line(self, row: Mapping[str, Any], best: bool) -> str:
        """An evaluation as a line of plain text, aligned with the previous lines."""
        self.fractions |= row["epoch"] != round(row["epoch"])
        epoch = self.epoch_done(row).rjust(len(str(self.epochs)) + 3 * self.fractions)
        parts = [f"epoch {epoch}/{self.epochs}", f"step {row['step']:>{len(str(self.steps))}}"]
        split_before = ""
        for column in score_columns(row):
            split, score = split_and_score(column)
            name = f"{split} {score}".strip() if split != split_before else score
            split_before = split
            parts.append(f"{name} {self._aligned(column, number(row[column]))}")
        parts += [
            f"lr {self._aligned('lr', short(row['lr']))}",
            self._aligned("seconds", duration(row["seconds"])),
        ]
        return "  ".join([*parts, "best"] if best else parts)

    def _aligned(self, column: str, text: str) -> str:
        usual = 8 if column.endswith("loss") else 6  # 0.001234; wider values shift what follows
        width = self._widths[column] = max(len(text), self._widths.get(column, usual))
        return text.rjust(width)


def score_line(values: Mapping[str, Any]) -> str:
    """ "loss 0.1125  accuracy 0.9750"."""
    return "  ".join(
        f"{name.replace('_', ' ')} {number(value)}"
        for name, value in values.items()
        if not isinstance(value, list)
    )


def score_columns(row: Mapping[str, Any]) -> list[str]:
    """The columns of a row of metrics.csv that hold a score of a split as one number."""
    return [
        column
        for column, value in row.items()
        if split_and_score(column)[0] in SPLITS and not isinstance(value, list)
    ]


def grouped(row: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """{"train_loss": 1, "test_loss": 2} -> {"train": {"loss": 1}, "test": {"loss": 2}}."""
    groups: dict[str, dict[str, float]] = {}
    for column in score_columns(row):
        split, score = split_and_score(column)
        groups.setdefault(split, {})[score] = row[column]
    return groups
