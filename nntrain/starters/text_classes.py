"""Starter for texts with a label each: a table with a column of them, or one folder per label."""

from pathlib import Path

import numpy as np

from nntrain.config.scalars import inline
from nntrain.data.dataset import Dataset
from nntrain.data.images.walk import PassedOver
from nntrain.data.sequences.labelled_texts import text_files
from nntrain.data.sources.text_classes import TextClasses
from nntrain.data.tables.features import listed
from nntrain.paths import as_written
from nntrain.starters.networks import loss_lines, output_layer
from nntrain.starters.started import BATCH, EPOCHS, HEAD, PURPOSE, SPLITS, Started, noted
from nntrain.starters.tables import split_parts
from nntrain.starters.text_network import LAYERS, LR, TextTraining, tokens_for
from nntrain.starters.text_tables import TextTable

FOLDER = "the label of a text"
LENGTHS = (32, 64, 128, 256, 512)  # the first of which 95% of the texts fit into
SHARE = 0.95
NOTES = {
    "path": "relative to the folder of this file",
    "text": "the column of the texts",
    "label": "the column to predict",
    "task": "the labels are numbers, not names of classes",
    "lowercase": "false: capitals matter",
    "unit": "byte pairs, since words are not separated by blanks",
    "vocabulary": "more of them are longer pieces of words",
    "min_count": "words that occur less often are read as <unknown>",
    "max_length": "tokens of a text; what follows is cut off",
}


def table_starter(data: Path, table: TextTable, output: Path) -> Started:
    """For a table with these columns. Raises UserError."""
    options: dict[str, object] = {
        "path": as_written(data, output.parent),
        "text": table.text,
        "label": table.label,
    }
    if table.is_quantity:
        options["task"] = "regression"
    why = f"{table.why}; from the texts in {table.text}"
    left_out = [f"{name} ({reason})" for name, reason in table.left_out.items()]
    remarks = [f"left out: {', '.join(left_out)}"] if left_out else []
    return _started(data, options, str(table.label), why, remarks, output)


def folder_starter(data: Path, output: Path) -> Started:
    """For a folder with one folder of text files per label. Raises UserError."""
    options: dict[str, object] = {"path": as_written(data, output.parent)}
    return _started(data, options, FOLDER, "the name of its folder", [], output)


def holds_classes(data: Path) -> bool:
    """Whether the text files of a folder are in folders of it."""
    passed = PassedOver()
    return any(
        text_files(path, passed) for path in sorted(data.iterdir()) if path.is_dir() and path.name[0] != "."
    )


def _started(
    data: Path, options: dict[str, object], target: str, why: str, remarks: list[str], output: Path
) -> Started:
    parts = TextClasses(**options).load(output.parent).parts()  # type: ignore[arg-type]
    train = parts["train"]
    assert train.texts is not None  # see TextClasses
    options |= tokens_for(train.texts.values.tolist())
    chosen = TextClasses(**options)  # type: ignore[arg-type]
    tokenizer = chosen.recipe().learn(train.texts.values)
    lengths = np.array([len(tokenizer.encode(text)) for text in train.texts.values])
    options["max_length"] = next(
        (limit for limit in LENGTHS if limit >= np.quantile(lengths, SHARE)), LENGTHS[-1]
    )
    fractions, rest = split_parts(train)
    fractions = {name: part for name, part in fractions.items() if name not in parts}
    sizes = [f"{len(part):,} {PURPOSE[name]}" for name, part in parts.items()]
    kind = f"{len(train.classes)} classes: {listed(train.classes)}" if train.classes else "numbers"
    what = f"{target} ({kind})"
    texts = f"texts: {', '.join(sizes)}, of {lengths.min():,} to {lengths.max():,} {tokenizer.noun}"
    head = f"# {data.name}: {len(train):,} texts; predicts {what}."
    text = _written(head, options, fractions, len(rest), train)
    return Started(text, (texts, f"target: {what}, {why}", *remarks), guessed=target != FOLDER)


def _written(
    head: str, options: dict[str, object], fractions: dict[str, float], count: int, train: Dataset
) -> str:
    training = TextTraining.suited(count)
    splits = [noted(f"  {name}: {fraction}", SPLITS[name]) for name, fraction in fractions.items()]
    if not train.classes:
        splits.append(noted("  target_transform: standard", "zero mean and unit variance, in the loss only"))
    lines = [
        head,
        HEAD,
        noted("seed: 0", "the seed of all randomness"),
        "data:",
        "  source:",
        "    text_classes:",
        *(noted(f"      {name}: {inline(value)}", NOTES[name]) for name, value in options.items()),
        *splits,
        "model:",
        "  layers:",
        *LAYERS,
        output_layer(train),
        *loss_lines(train),
        noted(f"optimizer: {{adam: {{lr: {LR}}}}}", "lr is the most important option to tune"),
        noted("schedule: {cosine: {unit: step}}", "decays the learning rate to 0"),
        "train:",
        noted(f"  epochs: {training.epochs}", EPOCHS),
        noted(f"  batch_size: {training.batch_size}", BATCH),
    ]
    return "\n".join(lines) + "\n"
