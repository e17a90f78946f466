"""Started: a config to start from, and what was taken for what."""

from dataclasses import dataclass

NOTE_AT = 40  # the column of notes after lines


@dataclass(frozen=True)
class Started:
    text: str
    remarks: tuple[str, ...]  # what is predicted, and why that
    guessed: bool = False  # whether another column can be predicted


def noted(line: str, note: str) -> str:
    return f"{line:<{NOTE_AT}}  # {note}"


HEAD = "# Written by `nntrain new` as a starting point. `nntrain describe` explains every option."
TRAINING = (
    noted("optimizer: {adamw: {lr: 0.003, weight_decay: 0.01}}", "lr is the most important option to tune"),
    noted("schedule: {cosine: {unit: step}}", "decays the learning rate to 0"),
)
EPOCHS = "passes over the training split"
BATCH = "samples per step"
PURPOSE = {"train": "to train on", "test": "to test", "validation": "to select the best epoch"}
SPLITS = {
    "test": "held out for the final evaluation",
    "validation": "fraction of the rest, which selects the best epoch",
}
