"""Byte pairs: any text can be written with a vocabulary learned from others, and read back."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.data.sequences.byte_pairs import FIRST_MERGE, BytePairs, learned
from nntrain.data.sequences.tokenizer import Recipe, Tokenizer

SCRIPTS = {
    "Latin": (0x20, 0x24F),
    "Greek": (0x370, 0x3FF),
    "Cyrillic": (0x400, 0x4FF),
    "Hebrew": (0x590, 0x5F4),
    "Arabic": (0x600, 0x6FF),
    "Devanagari": (0x900, 0x97F),
    "Thai": (0xE00, 0xE5B),
    "Hangul": (0x1100, 0x11FF),
    "Chinese": (0x4E00, 0x9FFF),
    "Emoji": (0x1F300, 0x1FAFF),
    "combining": (0x300, 0x36F),
}
CHARACTERS = st.one_of(
    st.sampled_from(" \n\t'-.,"),
    *(st.characters(min_codepoint=a, max_codepoint=b) for a, b in SCRIPTS.values()),
)
TEXTS = st.text(CHARACTERS, max_size=60)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=8), TEXTS, st.integers(257, 400))
def test_a_text_in_any_script_is_read_back_in_nfc(training, text, size):
    tokenizer = Recipe("bpe", size, 1, False, 100).learn(training)
    assert len(tokenizer.names) <= size
    for each in (*training, text):
        as_read = each.replace("\r\n", "\n").replace("\r", "\n")
        tokens = tokenizer.encode(each)
        assert tokenizer.decode(tokens) == unicodedata.normalize("NFC", as_read)
        assert all(0 < token < len(tokenizer.names) for token in tokens)


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXTS, max_size=8), st.randoms())
def test_the_vocabulary_depends_on_the_texts_and_not_on_their_order(training, random):
    mixed = training.copy()
    random.shuffle(mixed)
    assert learned(training, 300).merges == learned(mixed, 300).merges


def slow(texts, size):
    """The reference: counts all pairs anew for each merge."""
    merges = []
    pieces = [[1 + value for value in text.encode()] for text in texts]
    while FIRST_MERGE + len(merges) < size:
        counts: dict[tuple[int, int], int] = {}
        for piece in pieces:
            for pair in pairwise(piece):
                counts[pair] = counts.get(pair, 0) + 1
        if not counts or max(counts.values()) < 2:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        pieces = [BytePairs([*merges, best])._merged([1 + v for v in text.encode()]) for text in texts]
        merges.append(best)
    return tuple(merges)


@given(st.lists(st.text("abc", max_size=12), max_size=10))
def test_the_most_frequent_pair_is_merged_first(words):
    assert learned(words, 280).merges == slow(words, 280)


def test_frequent_words_are_one_token_with_their_blank():
    pairs = learned(["the cat and the dog and the bird"] * 5, 300)
    assert " the" in pairs.names
    assert [pairs.names[token] for token in pairs.encode("and the")][-1] == " the"


@pytest.mark.parametrize("unit", ["word", "character", "bpe"])
def test_a_tokenizer_is_the_same_after_json(unit):
    import json

    found = Recipe(unit, 300, 1, True, 10).learn(["Äpfel, हिन्दी", "我喜欢猫"])
    again = Tokenizer.of(json.loads(json.dumps(found.to_dict())))
    assert again == found
    assert again.encode("äpfel zzz हिन्दी") == found.encode("ÄPFEL zzz हिन्दी")


def test_combining_marks_belong_to_their_word():
    tokenizer = Recipe("word", 100, 1, False, 10).learn(["हिन्दी में लिखा", "e\u0301te\u0301"])
    assert set(tokenizer.words) == {"<unknown>", "हिन्दी", "में", "लिखा", "été"}
