"""Language: how the exported file of a language model reads, continues and writes text."""

import unicodedata
from collections.abc import Sequence

from nntrain.data.dataset import Dataset
from nntrain.data.sequences.tokens import NO_SPACE_AFTER, NO_SPACE_BEFORE, noun
from nntrain.data.sequences.unicode_text import JOINERS
from nntrain.data.sequences.vocabulary import UNKNOWN
from nntrain.export.program import Program, Step
from nntrain.export.python import tokens
from nntrain.export.python.wording import INDENT, WIDTH, fitted, quoted, tuple_of
from nntrain.inference.generate import kept
from nntrain.layers.activations.bounded import Activation
from nntrain.layers.attention import MultiHeadAttention
from nntrain.layers.conv import Conv1d
from nntrain.layers.dense import Dense
from nntrain.layers.embedding import Embedding
from nntrain.layers.image import SpatialDropout
from nntrain.layers.maxout import Maxout
from nntrain.layers.merge import Add, Concat, Multiply
from nntrain.layers.norm import BatchNorm, LayerNorm, RmsNorm
from nntrain.layers.pool import GlobalAvgPool, GlobalMaxPool, Pool1d
from nntrain.layers.positions import Positions
from nntrain.layers.recurrent import Recurrent
from nntrain.layers.time_distributed import TimeDistributed

COLUMNS = 80  # characters of a vocabulary in a line

# What computes as well on fewer steps than the training's sequences had.
ANY_LENGTH = (
    *(
        Activation,
        Add,
        BatchNorm,
        Concat,
        Conv1d,
        Dense,
        Embedding,
        GlobalAvgPool,
        GlobalMaxPool,
        LayerNorm,
        Maxout,
        MultiHeadAttention,
    ),
    *(Multiply, Pool1d, Positions, Recurrent, RmsNorm, SpatialDropout, TimeDistributed),
)

GENERATE = '''
def generate(prompt, length=200, temperature=1.0, top_k=None, seed=0):
    """The prompt and its continuation by `length` {unit}s, each sampled from the network's distribution.

    Temperature 0 is greedy decoding; less than 1 makes the distribution sharper, more makes it flatter. With
    `top_k`, only so many of the likeliest can be sampled. The same seed gives the same text.
    """
    random = np.random.default_rng(seed)
    tokens = encode(prompt)
    if not tokens:
        raise ValueError("expected a prompt of at least one {unit}")
{loop}
    return {text}


def choose(logits, temperature, top_k, random):
    """One token, sampled by its probability."""
    if temperature == 0:
        return int(logits.argmax())
    likeliest = np.argsort(-logits)[:top_k]
    return int(random.choice(likeliest, p=softmax(logits[likeliest].astype(float) / temperature)))


def next_logits({arguments}):
    """The logits of the {unit} after these, ({vocabulary},){seen}."""
{next_logits}
'''
LOOP = """
    begin = 0  # the first token that counts: the network takes no more than {window}
    for _ in range(length):
        if len(tokens) - begin > {window}:
            begin = len(tokens) - {kept}
        tokens.append(choose(next_logits(tokens[begin:]), temperature, top_k, random))
"""
LOOP_WITH_STATE = """
    state = {{}}
    logits = next_logits(tokens, state)
    for _ in range(length):
        tokens.append(choose(logits, temperature, top_k, random))
        logits = next_logits(tokens[-1:], state)
"""
CHARACTERS = '''
def encode(text):
    """The places in `classes` of a text's characters; KeyError for one that the network does not know."""
    place = {{character: place for place, character in enumerate(classes)}}
    return [place[character] for character in {text}]


def decode(tokens):
    """The text of these tokens."""
    return "".join(classes[token] for token in tokens)
'''
BYTES = '''
def encode(text):
    """The bytes of a text in UTF-8."""
    return list(text.encode())


def decode(tokens):
    """The text of these bytes; what is not UTF-8 becomes U+FFFD."""
    return bytes(tokens).decode("utf-8", "replace")
'''
WORDS = '''
def encode(text):
    """The places in `classes` of a text's words, punctuation marks and ends of lines; 0 for unknown ones."""
    place = {{word: place for place, word in enumerate(classes)}}
    words = re.findall({pattern}, {text})
    return [place.get(word, 0) for word in words]


def decode(tokens):
    """The text of these tokens, without spaces where a punctuation mark has none."""
    text = ""
    for word in (classes[token] for token in tokens):
        space = text and word[0] not in {before} and text[-1] not in {after}
        text += f" {{word}}" if space else word
    return text
'''


def takes_any_length(program: Program) -> bool:
    """Whether it computes as well on fewer steps than the training's sequences had."""
    return all(
        isinstance(step.layer, ANY_LENGTH) or not len(step.input_shapes[0]) > 1 for step in program.steps
    )


def carries_state(program: Program) -> bool:
    """Whether it is a language model whose recurrent layers carry over all that a step sees of earlier ones."""
    return (
        bool(program.data.unit)
        and any(map(is_stateful, program.steps))
        and all(is_stateful(step) or step.layer.acts_per_step for step in program.steps)
    )


def is_stateful(step: Step) -> bool:
    return isinstance(step.layer, Recurrent) and step.layer.memory(*step.input_shapes) is not None


def functions(program: Program) -> list[str]:
    """`generate`, and what it calls."""
    data = program.data
    window, loop, arguments = data.input_shape[0], LOOP, "tokens"
    seen = f"; the last {window} count"
    lines = [f"logits = network(np.array([tokens[-{window}:]]))[0, -1]"]
    if carries_state(program):
        loop, arguments = LOOP_WITH_STATE, "tokens, state"
        seen = ", which follow those that `state` comes from"
        lines = ["logits = network(np.array([tokens]), state)[0, -1]"]
    elif not takes_any_length(program):
        lines = [
            f"x = np.zeros((1, {window}), int)  # earlier steps do not see the padding",
            f"window = tokens[-{window}:]",
            "x[0, : len(window)] = window",
            "logits = network(x)[0, len(window) - 1]",
        ]
    if data.unit == "word":
        lines.append(f"logits[{data.classes.index(UNKNOWN)}] = -np.inf  # {UNKNOWN}")
    if len(lines) == 1:
        lines = [lines[0].replace("logits =", "return")]
    else:
        lines.append("return logits")
    text = "decode(tokens)"
    if data.unit == "word":
        text = "prompt + decode(tokens)[len(decode(encode(prompt))) :]"
    generate = GENERATE.format(
        unit=noun(data.unit),
        text=text,
        vocabulary=data.vocabulary,
        seen=seen,
        loop=loop.strip("\n").format(window=window, kept=kept(window)),
        arguments=arguments,
        next_logits="\n".join(INDENT + line for line in lines),
    )
    return [generate.strip(), coding(data).strip()]


def coding(data: Dataset) -> str:
    """`encode` and `decode`."""
    if data.unit == "byte":
        return BYTES
    if data.tokenizer is not None:
        return "\n\n\n".join(tokens.functions(data.tokenizer, decodes=True))
    text = "text"
    if data.normalized and not all(name.isascii() for name in data.classes):
        text = 'unicodedata.normalize("NFC", text)'
    if data.unit == "character":
        return CHARACTERS.format(text=text)
    return WORDS.format(
        text=text,
        pattern=pattern(data.classes),
        before=quoted("".join(sorted(NO_SPACE_BEFORE))),
        after=quoted("".join(sorted(NO_SPACE_AFTER))),
    )


def pattern(vocabulary: Sequence[str]) -> str:
    """The regular expression of a word, any other character, or the end of a line, with the combining marks that occur."""
    found = {
        char
        for word in vocabulary
        for char in word
        if unicodedata.category(char)[0] == "M" or char in JOINERS
    }
    marks = "".join(
        f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}" for char in sorted(found)
    )
    word = rf"[\w{marks}]" if marks else r"\w"
    rest = rf"[^\w\s{marks}][{marks}]*" if marks else r"[^\w\s]"
    return f'r"{word}+(?:[\'’-]{word}+)*|{rest}|\\n"'


def vocabulary(data: Dataset) -> list[str]:
    """The assignment of `classes`, as lines."""
    if data.unit == "byte":
        return [
            'classes = tuple(chr(byte) if 0x20 < byte < 0x7F else f"0x{byte:02x}" for byte in range(256))'
        ]
    if data.unit == "word" or any(len(name) != 1 for name in data.classes):
        return fitted("classes = ", tuple_of([quoted(name) for name in data.classes]))
    text = "".join(data.classes)
    if len(INDENT + quoted(text)) <= WIDTH:
        return fitted("classes = ", f"tuple({quoted(text)})")
    parts = [quoted(text[start : start + COLUMNS]) for start in range(0, len(text), COLUMNS)]
    return ["classes = tuple(", *(f"{INDENT}{part}" for part in parts), ")"]
