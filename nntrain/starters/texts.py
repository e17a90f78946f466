"""Text starter: writes a config for a language model of a text, with a comment on each line."""

from pathlib import Path

from nntrain.config.scalars import inline
from nntrain.data.sources.text import Text
from nntrain.errors import DataError
from nntrain.paths import as_written
from nntrain.starters.started import BATCH, EPOCHS, HEAD, SPLITS, Started, noted

WINDOWS = (64, 32, 16)  # the longest of which there are at least FEW
FEW = 20
STEPS = 2000
BATCH_SIZE = 32


def text_starter(data: Path, output: Path) -> Started:
    """Raises UserError for a text that is too short or not UTF-8."""
    path = as_written(data, output.parent)
    for window in WINDOWS:
        try:
            samples = Text(path=path, window=window).load(output.parent).train
        except DataError:  # such as a text shorter than the window
            if window == WINDOWS[-1]:
                raise
            continue
        if len(samples) >= FEW:
            break
    count, tokens = len(samples), len(samples.classes)
    batch = min(BATCH_SIZE, count)
    epochs = min(60, max(1, round(STEPS * batch / count)))
    units = 64 if count < 1000 else 128
    validation = 0.1 if count >= FEW else None
    lines = [
        f"# {data.name}: {count * window:,} characters, {tokens:,} distinct ones; predicts the next character.",
        HEAD,
        noted("seed: 0", "the seed of all randomness"),
        "data:",
        "  source:",
        "    text:",
        noted(f"      path: {inline(path)}", "relative to the folder of this file"),
        noted(f"      window: {window}", "the steps that a prediction can look back"),
        *([noted(f"  validation: {validation}", SPLITS["validation"])] if validation else []),
        "model:",
        "  layers:",
        noted("    - embedding: 32", "a learned vector for each character"),
        noted(
            f"    - gru: {{units: {units}, return_sequences: true}}", "more units fit more, and take longer"
        ),
        noted("    - dropout: 0.1", "more of it overfits later"),
        noted(f"    - dense: {tokens}", "one output per character"),
        "loss: cross_entropy",
        "metrics: [accuracy, perplexity]",
        noted("optimizer: {adam: {lr: 0.005}}", "lr is the most important option to tune"),
        noted("schedule: {cosine: {unit: step}}", "decays the learning rate to 0"),
        "train:",
        noted(f"  epochs: {epochs}", EPOCHS),
        noted(f"  batch_size: {batch}", BATCH),
        noted("  grad_clip: {norm: 1.0}", "keeps a rare large gradient from undoing the training"),
    ]
    remarks = (
        f"target: the next character, of {tokens:,} distinct ones, since {data.name} is a text and no table",
    )
    return Started("\n".join(lines) + "\n", remarks)
