"""Texts in ten scripts, through files and through words, characters and byte pairs, and back."""

import csv
import json
import re
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.data.sequences.tokenizer import Recipe
from nntrain.data.sequences.unicode_text import word_pattern
from tests.data.test_byte_pairs import TEXTS
from tests.data.test_text_classes import splits_of
from tests.support.scale import examples

SENTENCES = {  # the same in each language, with and without blanks between words
    "Latin": "Déjà vu: l'été fut très long.",
    "Greek": "Καλημέρα κόσμε, τι κάνεις;",
    "Cyrillic": "Ёжик шёл домой, й.",
    "Hebrew": "שָׁלוֹם עֲלֵיכֶם",
    "Arabic": "السَّلَامُ عَلَيْكُمْ",
    "Devanagari": "हिन्दी में लिखी हुई फ़िल्म",
    "Hangul": "한국어 문장을 읽는다",
    "Chinese": "我喜欢看很长的电影",
    "Japanese": "がんばって映画を見ました",
    "Thai": "ฉันชอบดูหนังเรื่องนี้มาก",
}
WITHOUT_BLANKS = ("Chinese", "Japanese", "Thai")


def write(path: Path, texts: list[str]) -> None:
    """With a class each, of two."""
    rows = [(text, "ab"[number % 2]) for number, text in enumerate(texts)]
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])
    else:
        lines = [json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in rows]
        path.write_text("\n".join(lines), encoding="utf-8")


def as_read(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


@settings(max_examples=examples(20, 200), deadline=None)
@given(
    st.lists(TEXTS, min_size=2, max_size=8),
    st.sampled_from(["word", "character", "bpe"]),
    st.sampled_from(["t.csv", "t.jsonl"]),
)
def test_texts_of_a_file_are_read_back_from_their_tokens(texts, unit, name):
    texts = [f"a{text}" for text in texts]
    options = {"unit": "bpe", "vocabulary": 300} if unit == "bpe" else {"unit": unit, "min_count": 1}
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / name, texts)
        train = splits_of(Path(folder), path=name, **options).train
    for text, row, length in zip(texts, np.asarray(train.x), train.lengths, strict=True):
        decoded = train.tokenizer.decode(row[:length])
        if unit == "word":
            assert decoded.split(" ") == word_pattern().findall(as_read(text))
        else:
            assert decoded == as_read(text)


@settings(max_examples=examples(60, 600), deadline=None)
@given(TEXTS)
def test_words_lose_nothing_but_blanks_and_keep_their_marks(text):
    words = word_pattern().findall(as_read(text))
    assert "".join(words).replace("\n", "") == re.sub(r"\s", "", as_read(text))
    place = 0
    for word in words:
        start = as_read(text).index(word, place)
        if unicodedata.category(word[0])[0] == "M":
            assert start == 0 or as_read(text)[start - 1].isspace()
        place = start + len(word)


@settings(max_examples=examples(60, 600), deadline=None)
@given(TEXTS, st.sampled_from(["word", "character", "bpe"]))
def test_composed_and_decomposed_characters_are_the_same_tokens(text, unit):
    tokenizer = Recipe(unit, 300, 1, False, 100).learn([text])
    for form in ("NFC", "NFD"):
        assert tokenizer.encode(unicodedata.normalize(form, text)) == tokenizer.encode(text)


@pytest.mark.parametrize("script", SENTENCES)
def test_scripts_without_blanks_propose_characters_or_byte_pairs(tmp_path, script):
    write(tmp_path / "t.csv", [SENTENCES[script]] * 6)
    warnings = [text for text in splits_of(tmp_path).warnings if "scripts without blanks" in text]
    assert len(warnings) == (script in WITHOUT_BLANKS)
    assert all("`unit: character`" in text and "`unit: bpe`" in text for text in warnings)
    for unit in ("character", "bpe"):
        assert not any("blanks" in text for text in splits_of(tmp_path, unit=unit).warnings)
