"""Text: files as tokens, windows and their splits, and other texts for a trained network."""

import gzip
import tracemalloc
import unicodedata

import numpy as np
import pytest
from pydantic import ValidationError

from nntrain.data.batches import Batches
from nntrain.data.conform.arrays import conform
from nntrain.data.conform.description import describe, from_description
from nntrain.data.conform.texts import encode, unknown_in
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.sequences import tokens
from nntrain.data.sequences.tokens import decode
from nntrain.data.sequences.windows import Windows
from nntrain.data.sources.text import ALPHABET, Text, packaged
from nntrain.data.splits import hashes, join, split
from tests.support.data import load, refused

SENTENCE = "Äpfel und Birnen, sagte sie – 3 €!\n"


def text(folder, content: str = SENTENCE * 4, **options) -> Dataset:
    (folder / "text.txt").write_text(content, encoding="utf-8")
    return load({"text": {"path": "text.txt", **options}}, folder).train


def gathered(data: Dataset, *indices: int):
    batch = data.batch(len(indices), np.float32)
    data.gather(np.array(indices), batch)
    return batch


def joined(data: Dataset) -> str:
    """All windows one after the other."""
    return "".join(decode(data, window) for window in np.asarray(data.x))


@pytest.mark.parametrize("unit", ["character", "byte"])
def test_windows_follow_each_other_and_the_target_is_what_comes_next(tmp_path, unit):
    data = text(tmp_path, unit=unit, window=5)
    stream = SENTENCE * 4 if unit == "character" else (SENTENCE * 4).encode()
    assert len(data) == (len(stream) - 1) // 5
    for number in range(len(data)):
        batch = gathered(data, number)
        for array, start in ((batch.x, number * 5), (batch.target, number * 5 + 1)):
            piece = stream[start : start + 5]
            assert array.dtype == np.int32
            assert decode(data, array[0]) == (
                piece if unit == "character" else piece.decode("utf-8", "replace")
            )


def test_words_are_the_most_frequent_ones_and_the_others_are_unknown(tmp_path):
    data = text(tmp_path, "b b b, don't a a c\nb", unit="word", words=5, window=2)
    assert data.classes == ("<unknown>", "b", "a", ",", "don't")
    assert data.x.stream.tolist() == [1, 1, 1, 3, 4, 2, 2, 0, 0, 1]
    assert decode(data, data.x.stream) == "b b b, don't a a <unknown> <unknown> b"
    assert (
        decode(data, encode(data, "prompt", "a, b (don't) x")) == "a, b <unknown> don't <unknown> <unknown>"
    )


@pytest.mark.parametrize("unit", ["character", "byte", "word"])
def test_a_text_that_is_read_in_small_pieces_is_the_same(tmp_path, monkeypatch, unit):
    whole = text(tmp_path, unit=unit, window=3)
    monkeypatch.setattr(tokens, "CHUNK", 7)
    pieces = text(tmp_path, unit=unit, window=3)
    assert pieces.classes == whole.classes
    assert np.array_equal(pieces.x.stream, whole.x.stream)
    assert pieces.x.stream.dtype == whole.x.stream.dtype == np.uint8


def test_files_of_a_folder_follow_each_other_by_name_packed_or_not(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "b").write_bytes(gzip.compress(b"second\r\n"))
    (folder / "a.txt").write_text("\ufefffirst\n", encoding="utf-8")
    (folder / ".hidden").write_text("hidden")
    data = load({"text": {"path": "texts", "window": 3}}, tmp_path).train
    assert decode(data, data.x.stream) == "first\nsecond\n"


def test_the_packaged_text_has_the_same_characters_in_every_python():
    data = Text().load(None).train
    assert data.classes == tuple(ALPHABET)
    assert len(data.classes) == 96
    assert "while" in packaged()
    assert Text(unit="byte").load(None).train.vocabulary == 256


def test_an_end_that_is_held_out_tells_its_characters_and_a_file_of_its_own_does_not(tmp_path, wording):
    source = Splits(text(tmp_path, "ab" * 40 + "z" * 20, window=4))
    parts, _ = split(source, None, 0.2, 0)
    assert "z" not in joined(parts.train)
    assert "z" in joined(parts.validation)
    assert parts.train.classes == parts.validation.classes == ("a", "b", "z")
    train = Splits(text(tmp_path, "ab" * 40, window=4))
    wording(refused(join, train, "validation", text(tmp_path, "ab" * 9 + "z", window=4)))
    words = Splits(text(tmp_path, "one two " * 40, window=4, unit="word"))
    held_out = join(words, "validation", text(tmp_path, "two three " * 9, window=4, unit="word")).validation
    assert held_out.classes == words.train.classes == ("<unknown>", "one", "two")
    assert decode(held_out, held_out.x.stream[:3]) == "two <unknown> two"


@pytest.mark.parametrize(
    ("content", "options", "place"),
    [
        *((b"", {"unit": unit, "window": 4}, "text.txt") for unit in ("byte", "word")),
        (b"", {}, "text.txt"),
        (b"ab", {"window": 2, "unit": "byte"}, "text.txt"),
        (b"fine\nb\xffd\n", {"window": 2}, "text.txt:2"),
    ],
)
def test_texts_that_cannot_be_used_are_refused(tmp_path, content, options, place, wording):
    (tmp_path / "text.txt").write_bytes(content)
    told = refused(load, {"text": {"path": "text.txt", **options}}, tmp_path)
    assert told.startswith(place)
    wording(told)


def test_missing_files_and_empty_folders_are_reported(tmp_path, wording):
    (tmp_path / "texts").mkdir()
    wording(refused(load, {"text": {"path": "texts"}}, tmp_path))
    wording(refused(load, {"text": {"path": "txt"}}, tmp_path))


def test_a_fraction_is_the_end_of_the_text_and_no_window_reaches_over_the_border(tmp_path):
    for stride in (1, 3, 5, 8):
        source = Splits(text(tmp_path, SENTENCE * 20, window=5, stride=stride))
        parts, rows = split(source, test=0.2, validation=0.1, seed=0)
        assert rows["train"].max() < rows["validation"].min() <= rows["validation"].max() < rows["test"].min()
        assert len(parts.test) == round(0.2 * len(source.train))
        spans = {name: (part.x.starts.min(), part.target.ends.max()) for name, part in parts.parts().items()}
        assert spans["train"][1] <= spans["validation"][0] < spans["validation"][1] <= spans["test"][0]
        assert spans["validation"][0] - spans["train"][1] < 5 + 1 + stride  # no more is lost than a window


def test_a_text_without_a_window_left_to_train_on_is_refused(tmp_path, wording):
    source = Splits(text(tmp_path, "abcdefghij", window=8, stride=1))
    wording(refused(split, source, None, 0.5, 0))


def test_windows_are_never_copied_as_a_whole(tmp_path):
    stream = np.zeros(1 << 22, np.uint8)
    starts = np.arange(0, len(stream) - 257, 64)
    x, target = Windows(stream, starts, 256), Windows(stream, starts + 1, 256)
    data = Dataset(x, target, ("a", "b"), 2, series=np.zeros(len(starts), np.uint8))
    tracemalloc.start()
    parts, _ = split(Splits(data), 0.1, 0.1, 0)
    hashes(parts)
    batches = Batches(parts.train, 32)
    gathered(parts.train, *batches.indices(0, 0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.shares_memory(parts.train.x.stream, stream)
    assert peak < 16 * 8 * len(starts) < data.x.size  # a few numbers for each window, and not its 256 steps


def test_a_text_of_one_character_is_refused(tmp_path, wording):
    wording(refused(split, Splits(text(tmp_path, "a" * 99, window=8)), None, 0.2, 0))


def test_hashes_tell_of_the_part_alone(tmp_path):
    one, other = (
        split(Splits(text(tmp_path, SENTENCE * 20 + end, window=5)), 0.2, None, 0)[0]
        for end in (SENTENCE, SENTENCE[::-1])
    )
    assert hashes(one)["train"] == hashes(other)["train"]
    assert hashes(one)["test"] != hashes(other)["test"]


@pytest.mark.parametrize(("rows", "count"), [(3, 12), (5, 13), (4, 4), (2, 7)])
def test_rows_of_consecutive_batches_go_on_where_they_ended(tmp_path, rows, count):
    data = text(tmp_path, "0123456789" * 9, window=3, consecutive=True).select(slice(count))
    batches = Batches(data, rows, seed=3)
    before = None
    seen = []
    for number in range(len(batches)):
        indices = batches.indices(4, number)
        seen += indices.tolist()
        batch = gathered(data, *indices)
        if before is not None:
            assert np.array_equal(batch.x[:, 0], before.target[: len(indices), -1])
        before = batch
    assert sorted(seen) == list(range(count))


def test_another_text_is_encoded_with_the_training_vocabulary(tmp_path, wording):
    train = text(tmp_path, "abcdef" * 9, window=4)
    other = text(tmp_path, "fedc" * 9, window=4)
    same = conform("other", train, other)
    assert joined(same) == joined(other)
    assert same.classes == train.classes
    test = join(Splits(train), "test", other).test
    assert joined(test) == joined(other)
    unknown = text(tmp_path, "fed zc" * 9, window=4)
    wording(refused(conform, "other", train, unknown))
    wording(refused(conform, "other", train, text(tmp_path, "abc" * 9, window=4, unit="byte")))
    wording(refused(conform, "other", train, text(tmp_path, "abcdef" * 9, window=5)))
    wording(refused(conform, "other", train, load("iris").train))


def test_unknown_words_of_another_text_are_unknown(tmp_path):
    train = text(tmp_path, "one two two three\n" * 9, unit="word", window=2)
    other = conform("other", train, text(tmp_path, "two four one five " * 3, unit="word", window=2))
    assert decode(train, other.x.stream[:4]) == "two <unknown> one <unknown>"


def test_a_checkpoint_knows_the_vocabulary(tmp_path, wording):
    train = text(tmp_path, window=4)
    again = from_description(describe(train), train.statistics)
    assert encode(again, "prompt", "und").tolist() == encode(train, "prompt", "und").tolist()
    assert (again.unit, again.per_step, again.is_bytes) == ("character", True, False)
    wording(refused(encode, again, "--prompt", "xyz!"))


HINDI = "आधुनिक मानक हिन्दी "
FRENCH = "l'élève était fermé à Noël "


def nfd(content: str) -> str:
    return unicodedata.normalize("NFD", content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HINDI, {"आधुनिक", "मानक", "हिन्दी"}),
        (FRENCH, {"l'élève", "était", "fermé", "à", "Noël"}),
        (nfd(FRENCH), {"l'élève", "était", "fermé", "à", "Noël"}),
        ("q\u0301 j\u0308y ", {"q\u0301", "j\u0308y"}),  # no single code point exists
        ("می\u200cخواهم ", {"می\u200cخواهم"}),
        ("ok ❤\ufe0fok ", {"ok", "❤\ufe0f"}),
    ],
)
def test_combining_marks_belong_to_their_word(tmp_path, content, words):
    data = text(tmp_path, content * 9, unit="word", window=2)
    assert set(data.classes) - {"<unknown>"} == words
    assert set(decode(data, encode(data, "prompt", content)).split()) == words


@pytest.mark.parametrize("unit", ["character", "word"])
def test_a_text_is_the_same_however_its_accents_were_typed(tmp_path, monkeypatch, unit):
    composed = text(tmp_path, FRENCH * 9 + "\n", unit=unit, window=3)
    assert encode(composed, "prompt", "à\r\nà").tolist() == encode(composed, "prompt", "à\nà").tolist()
    assert encode(composed, "prompt", nfd("à Noël")).tolist() == encode(composed, "prompt", "à Noël").tolist()
    for chunk in (1, 2, 7, 1000):  # an accent can come in another piece than its letter
        monkeypatch.setattr(tokens, "CHUNK", chunk)
        decomposed = text(tmp_path, nfd(FRENCH) * 9 + "\n", unit=unit, window=3)
        assert decomposed.classes == composed.classes
        assert np.array_equal(decomposed.x.stream, composed.x.stream)


def test_bytes_are_not_normalized(tmp_path):
    data = text(tmp_path, nfd("é") * 9, unit="byte", window=3)
    assert bytes(data.x.stream).decode() == nfd("é") * 9


def test_an_older_checkpoint_reads_texts_as_it_was_trained(tmp_path):
    (tmp_path / "text.txt").write_text((nfd("é") + "हिन्दी ") * 9, encoding="utf-8")
    before = Text(path="text.txt", window=2, unit="word").as_before_normalization().load(tmp_path).train
    description = describe(before)
    del description["normalized"]
    train = from_description(description, before.statistics)
    assert "हिन्दी" not in train.classes
    assert encode(train, "prompt", nfd("é") + "हिन्दी").tolist() == before.x.stream[: 9 - 1].tolist()
    assert not unknown_in(train, "हिन्दी")


def test_the_size_of_a_text_and_its_unknown_words_are_noted(tmp_path, wording):
    counted = text(tmp_path, "a b " * 50, unit="word", window=2)
    rare = text(
        tmp_path, "".join(f"word{number} and " for number in range(50)), unit="word", words=10, window=2
    )
    letters, raw = (text(tmp_path, "ab" * 50, unit=unit, window=2) for unit in ("character", "byte"))
    assert [len(data.warnings) for data in (counted, rare, letters, raw)] == [0, 1, 0, 0]
    wording("\n".join([*counted.notes, *rare.notes, *letters.notes, *raw.notes, *rare.warnings]))
    other = join(Splits(counted), "validation", text(tmp_path, "b x " * 50, unit="word", window=2)).validation
    wording("\n".join([*other.notes, *other.warnings]))


def test_unknown_characters_of_another_text_name_file_and_line(tmp_path, wording):
    train = Splits(text(tmp_path, "abc\n" * 20, window=4))
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "1.txt").write_text("abc\n" * 5)
    (folder / "2.txt").write_text("abc\nab🙂\n\u0421yx" + "🙂" * 4 + "defghijklmnop")
    found = refused(join, train, "validation", load({"text": {"path": "texts", "window": 4}}, tmp_path).train)
    assert found.startswith("texts/2.txt:2: ")
    assert len(found) < 400  # never a whole alphabet
    wording(found)


def test_byte_pairs_of_a_text_are_windows_that_are_read_back(tmp_path):
    content = "हिन्दी में\n\n\n  the cat, the dog. Cafe\u0301 我喜欢猫\n" * 8
    data = text(tmp_path, content, unit="bpe", vocabulary=300, window=10)
    assert data.vocabulary == len(data.classes) == len(set(data.classes)) <= 300
    stream = data.x.stream
    assert len(stream) < len(content)
    assert decode(data, stream) == unicodedata.normalize("NFC", content)
    assert encode(data, "prompt", content).tolist() == stream.tolist()
    assert not unknown_in(data, "日本語")
    again = from_description(describe(data), data.statistics)
    assert encode(again, "prompt", "the 日本").tolist() == encode(data, "prompt", "the 日本").tolist()


def test_another_text_is_read_in_the_byte_pairs_of_the_training(tmp_path):
    train = text(tmp_path, "the cat and the dog\n" * 20, unit="bpe", window=4)
    (tmp_path / "other.txt").write_text("the owl and the cat\n" * 20)
    source = Text(path="other.txt", unit="bpe", window=4)
    other = conform("other.txt", train, source.load_like(tmp_path, train).train)
    assert other.tokenizer == train.tokenizer
    assert decode(other, other.x.stream) == "the owl and the cat\n" * 20
    assert "byte pairs of the training" in refused(conform, "other.txt", train, source.load(tmp_path).train)


def test_options_of_vocabularies_belong_to_their_unit():
    for options in ({"vocabulary": 300}, {"unit": "bpe", "words": 5}, {"unit": "bpe", "vocabulary": 256}):
        with pytest.raises(ValidationError):
            Text(**options)
