"""Starter for texts with a class each: a table with a column of them, or one folder per class."""

from pathlib import Path

import numpy as np

from nntrain.config.scalars import inline
from nntrain.data.dataset import Dataset
from nntrain.data.images.walk import PassedOver
from nntrain.data.sequences.labelled_texts import text_files
from nntrain.data.sequences.unicode_text import without_blanks
from nntrain.data.sources.text_classes import TextClasses
from nntrain.data.tables.features import listed
from nntrain.data.transforms.tokenize import MUCH_WITHOUT_BLANKS
from nntrain.paths import as_written
from nntrain.starters.started import BATCH, EPOCHS, HEAD, PURPOSE, SPLITS, Started, noted
from nntrain.starters.tables import split_parts
from nntrain.starters.text_tables import TextTable

STEPS = 1500
FOLDER = "the class of a text"
FEW = 200  # texts, of which every word counts
LENGTHS = (32, 64, 128, 256, 512)  # the first of which 95% of the texts fit into
SHARE = 0.95
NOTES = {
    "path": "relative to the folder of this file",
    "text": "the column of the texts",
    "label": "the column to predict",
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
    why = f"{table.why}; from the texts in {table.text}"
    left_out = [f"{name} ({reason})" for name, reason in table.left_out.items()]
    remarks = [f"left out: {', '.join(left_out)}"] if left_out else []
    return _started(data, options, str(table.label), why, remarks, output)


def folder_starter(data: Path, output: Path) -> Started:
    """For a folder with one folder of text files per class. Raises UserError."""
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
    options |= _tokens(train)
    chosen = TextClasses(**options)  # type: ignore[arg-type]
    assert train.texts is not None  # see TextClasses
    tokenizer = chosen.recipe().learn(train.texts.values)
    lengths = np.array([len(tokenizer.encode(text)) for text in train.texts.values])
    options["max_length"] = next(
        (limit for limit in LENGTHS if limit >= np.quantile(lengths, SHARE)), LENGTHS[-1]
    )
    fractions, rest = split_parts(train)
    fractions = {name: part for name, part in fractions.items() if name not in parts}
    sizes = [f"{len(part):,} {PURPOSE[name]}" for name, part in parts.items()]
    what = f"{target} ({len(train.classes)} classes: {listed(train.classes)})"
    texts = f"texts: {', '.join(sizes)}, of {lengths.min():,} to {lengths.max():,} {tokenizer.noun}"
    head = f"# {data.name}: {len(train):,} texts; predicts {what}."
    text = _written(head, options, fractions, len(rest), len(train.classes))
    return Started(text, (texts, f"target: {what}, {why}", *remarks), guessed=target != FOLDER)


def _tokens(train: Dataset) -> dict[str, object]:
    """The options of the tokens."""
    assert train.texts is not None  # see TextClasses
    if without_blanks("".join(train.texts.values)) > MUCH_WITHOUT_BLANKS:
        return {"unit": "bpe", "vocabulary": 4000}
    return {"lowercase": True, "min_count": 1 if len(train) < FEW else 2}


def _written(
    head: str, options: dict[str, object], fractions: dict[str, float], count: int, classes: int
) -> str:
    batch = min(count, 32 if count < 10_000 else 64)
    epochs = min(40, max(5, round(STEPS * batch / count)))
    lines = [
        head,
        HEAD,
        noted("seed: 0", "the seed of all randomness"),
        "data:",
        "  source:",
        "    text_classes:",
        *(noted(f"      {name}: {inline(value)}", NOTES[name]) for name, value in options.items()),
        *(noted(f"  {name}: {fraction}", SPLITS[name]) for name, fraction in fractions.items()),
        "model:",
        "  layers:",
        "    # Which words occur: the mean and the maximum of a vector per token.",
        "    - embedding: {units: 64, weight_initializer: {normal: {std: 0.1}}}",
        noted("    - spatial_dropout: {rate: 0.2, name: tokens}", "more of it overfits later"),
        "    - global_avg_pool: {name: words}",
        "    - global_max_pool: {name: strongest, inputs: [tokens]}",
        "    # Which phrases occur: the strongest match of filters over three tokens in a row.",
        "    - conv1d: {filters: 64, kernel_size: 3, padding: same, activation: relu, inputs: [tokens]}",
        "    - global_max_pool: {name: phrases}",
        "    - concat: {inputs: [words, strongest, phrases]}",
        noted("    - dropout: 0.5", "more of it overfits later"),
        noted(f"    - dense: {classes}", "one output per class"),
        "loss: cross_entropy",
        "metrics: [accuracy]",
        noted("optimizer: {adam: {lr: 0.003}}", "lr is the most important option to tune"),
        noted("schedule: {cosine: {unit: step}}", "decays the learning rate to 0"),
        "train:",
        noted(f"  epochs: {epochs}", EPOCHS),
        noted(f"  batch_size: {batch}", BATCH),
    ]
    return "\n".join(lines) + "\n"
