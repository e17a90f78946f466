"""Tokens: how an exported file turns texts into tokens, and byte pairs into text."""

from nntrain.data.sequences.tokenizer import Tokenizer
from nntrain.data.sequences.unicode_text import MOST_IN_PIECE
from nntrain.export.python.wording import fitted, quoted, tuple_of

MARKS = """
marks = "\\u200c\\u200d\\u00ad" + "".join(  # combining marks, and joiners inside words
    chr(point)
    for point in [*range(0x300, 0x20000), *range(0xE0100, 0xE01F0)]
    if unicodedata.category(chr(point))[0] == "M"
)
"""
CHARACTERS = '''
def encode(text):
    """The places in `vocabulary` of a text's characters; 0 for unknown ones."""
    place = {character: place for place, character in enumerate(vocabulary)}
    return [place.get(character, 0) for character in READ(text)]
'''
WORDS = '''
def encode(text):
    """The places in `vocabulary` of a text's words, marks and ends of lines; 0 for unknown ones."""
    place = {word: place for place, word in enumerate(vocabulary)}
    letter = rf"[\\w{marks}]"
    pattern = rf"{letter}+(?:['’-]{letter}+)*|[^\\w\\s{marks}][{marks}]*|\\n"
    return [place.get(word, 0) for word in re.findall(pattern, READ(text))]
'''
BYTE_PAIRS = '''
def encode(text):
    """The bytes of a text, each plus 1, merged within words; the token of `merges[i]` is 257 + i."""
    rank = {pair: number for number, pair in enumerate(merges)}
    word, other = rf"[\\w{marks}]{{1,MOST}}", rf"[^\\w\\s{marks}]{{1,MOST}}"
    found = []
    for piece in re.findall(rf" ?{word}| ?{other}|\\n|[^\\S\\n]+(?!\\S)|\\s", READ(text)):
        tokens = [1 + byte for byte in piece.encode()]
        while pairs := [pair for pair in zip(tokens, tokens[1:]) if pair in rank]:
            best, merged = min(pairs, key=rank.get), []
            for token in tokens:
                if merged and (merged[-1], token) == best:
                    merged[-1] = 257 + rank[best]
                else:
                    merged.append(token)
            tokens = merged
        found += tokens
    return found
'''
DECODE = '''
def decode(tokens):
    """The text of these tokens; bytes that are not UTF-8 become U+FFFD."""
    table = [b"", *(bytes([byte]) for byte in range(256))]
    for left, right in merges:
        table.append(table[left] + table[right])
    return b"".join(table[token] for token in tokens).decode("utf-8", "replace")
'''
READ = '''
def read(text):
    """The text in Unicode's NFC, with the ends of lines as in training."""
    text = text.replace("\\r\\n", "\\n").replace("\\r", "\\n")
    return unicodedata.normalize("NFC", text)
'''


def constants(tokenizer: Tokenizer) -> list[list[str]]:
    """The assignments that `encode` needs, as lines."""
    found = [] if tokenizer.unit == "character" else [MARKS.strip().split("\n")]
    if tokenizer.unit == "bpe":
        merges = [f"({left}, {right})" for left, right in tokenizer.merges]
        return [*found, fitted("merges = ", tuple_of(merges))]
    return [*found, fitted("vocabulary = ", tuple_of(list(map(quoted, tokenizer.words))))]


def functions(tokenizer: Tokenizer, decodes: bool = False) -> list[str]:
    """`encode`, `read` and, for byte pairs to write, `decode`."""
    code = {"character": CHARACTERS, "word": WORDS, "bpe": BYTE_PAIRS}[tokenizer.unit]
    code = code.replace("READ(", "read(").replace("MOST", str(MOST_IN_PIECE))
    read = READ.replace('"NFC", text', '"NFC", text.lower()') if tokenizer.lowercase else READ
    return [code.strip(), *([DECODE.strip()] if decodes else []), read.strip()]
