"""Text network: the tokens, the layers and the training that suit texts with a label each."""

from collections.abc import Sequence
from dataclasses import dataclass

from nntrain.data.sequences.unicode_text import without_blanks
from nntrain.data.transforms.tokenize import MUCH_WITHOUT_BLANKS
from nntrain.starters.started import noted

FEW = 200  # texts, of which every word counts
STEPS = 1500
LR = 0.003
# Without the output layer.
LAYERS = (
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
)


def tokens_for(texts: Sequence[str]) -> dict[str, object]:
    """The options of the tokens: words, or byte pairs where no blanks separate words."""
    if without_blanks("".join(texts)) > MUCH_WITHOUT_BLANKS:
        return {"unit": "bpe", "vocabulary": 4000}
    return {"lowercase": True, "min_count": 1 if len(texts) < FEW else 2}


@dataclass(frozen=True)
class TextTraining:
    batch_size: int
    epochs: int

    @classmethod
    def suited(cls, samples: int) -> "TextTraining":
        """To a number of texts in the training split."""
        batch = min(samples, 32 if samples < 10_000 else 64)
        return cls(batch, min(40, max(5, round(STEPS * batch / samples))))
