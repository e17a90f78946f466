"""Text classes: texts from tables, JSON Lines and folders, as tokens of a vocabulary of the training split."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from nntrain.config.schema import DataSection
from nntrain.data.conform.description import describe, from_description
from nntrain.data.dataset import Reader
from nntrain.data.loading import load_splits
from nntrain.data.sequences.reviews import reviews
from nntrain.data.splits import hashes
from tests.support.data import refused

ROWS = [("good day", "yes"), ("bad day, sir", "no"), ("good night", "yes"), ("bad, bad night", "no")] * 5


def splits_of(folder, like=None, validation=None, **source):
    given = DataSection.model_validate(
        {"source": {"text_classes": {"path": "t.csv", **source}}, "validation": validation}
    )
    return load_splits(given, folder, 0, like)[0]


def csv(folder, rows=ROWS, header="text,label", name="t.csv"):
    lines = [header, *(f'"{text}",{label}' for text, label in rows)]
    (folder / name).write_text("\n".join(filter(None, lines)) + "\n", encoding="utf-8")


def texts(data):
    rows = np.asarray(data.x)
    return [data.tokenizer.decode(row[:length]) for row, length in zip(rows, data.lengths, strict=True)]


def test_a_table_has_a_column_of_texts_and_one_of_classes(tmp_path):
    csv(tmp_path)
    train = splits_of(tmp_path).train
    assert train.classes == ("no", "yes")
    assert train.input_shape == (4,)
    assert train.lengths.tolist()[:4] == [2, 4, 2, 4]
    assert texts(train)[:2] == ["good day", "bad day , sir"]
    assert train.target.tolist()[:4] == [1, 0, 1, 0]
    assert train.vocabulary == len(train.tokenizer.names) == 7


@pytest.mark.parametrize(
    ("header", "options"),
    [
        ("label,text", {}),
        ("Label,whatever", {}),
        ("stars,review", {"text": "review", "label": "stars"}),
        ("stars,review", {"label": "stars"}),
        ("stars,review", {"text": 2}),
        ("", {"text": 2, "label": 1}),
    ],
)
def test_columns_are_found_by_name_or_number(tmp_path, header, options):
    (tmp_path / "t.csv").write_text(
        "\n".join(filter(None, [header, *(f'{label},"{text}"' for text, label in ROWS)]))
    )
    train = splits_of(tmp_path, **options).train
    assert train.classes == ("no", "yes")
    assert len(train) == len(ROWS)


def test_json_lines_and_compressed_files_are_read_alike(tmp_path):
    lines = "\n".join(json.dumps({"label": label, "id": 1, "text": text}) for text, label in ROWS)
    (tmp_path / "t.jsonl").write_text(lines + "\n")
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    csv(tmp_path)
    expected = hashes(splits_of(tmp_path))
    assert hashes(splits_of(tmp_path, path="t.jsonl")) == expected
    assert hashes(splits_of(tmp_path, path="t.jsonl.gz")) == expected


def test_tables_of_all_formats_are_read_alike(tmp_path):
    pandas = pytest.importorskip("pandas")
    csv(tmp_path)
    frame = pandas.DataFrame(ROWS, columns=["text", "label"])
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    (tmp_path / "w.csv").write_bytes(frame.to_csv(index=False).encode("utf-16"))
    expected = hashes(splits_of(tmp_path))
    for options in ({"path": "t.parquet"}, {"path": "t.xlsx"}, {"path": "w.csv", "encoding": "utf-16"}):
        assert hashes(splits_of(tmp_path, **options)) == expected


def test_another_encoding_is_proposed(tmp_path):
    csv(tmp_path, [("c'est déjà très tôt, à Orléans", "a"), ("où est passé l'été?", "b")] * 3)
    text = (tmp_path / "t.csv").read_text(encoding="utf-8")
    (tmp_path / "t.csv").write_bytes(text.encode("cp1252"))
    assert "encoding: cp1252" in refused(splits_of, tmp_path)
    train = splits_of(tmp_path, encoding="cp1252").train
    assert "déjà" in train.tokenizer.words
    write_folder(tmp_path / "f", [("déjà vu, été passé", "a"), ("très tôt", "b")], "cp1252")
    assert "encoding: cp1252" in refused(splits_of, tmp_path, path="f")
    assert "été" in splits_of(tmp_path, path="f", encoding="cp1252", min_count=1).train.tokenizer.words


def write_folder(root: Path, rows=ROWS, encoding="utf-8"):
    for number, (text, label) in enumerate(rows):
        (root / label / "deep").mkdir(parents=True, exist_ok=True)
        (root / label / "deep" / f"{number:03}.txt").write_text(text, encoding=encoding)


def test_folders_are_classes_or_splits_of_classes(tmp_path):
    write_folder(tmp_path / "t")
    (tmp_path / "t" / "yes" / ".ipynb_checkpoints").mkdir()
    (tmp_path / "t" / "yes" / ".ipynb_checkpoints" / "x.txt").write_text("no")
    train = splits_of(tmp_path, path="t").train
    assert train.classes == ("no", "yes")
    assert len(train) == len(ROWS)
    write_folder(tmp_path / "s" / "Train")
    write_folder(tmp_path / "s" / "valid", ROWS[:2])
    found = splits_of(tmp_path, path="s")
    assert {name: len(part) for name, part in found.parts().items()} == {"train": 20, "validation": 2}


def test_the_vocabulary_is_that_of_the_training_split(tmp_path):
    csv(tmp_path, [(f"word{number} same", "ab"[number % 2]) for number in range(40)])
    found = splits_of(tmp_path, min_count=1, validation=0.25)
    known = set(found.train.tokenizer.words)
    assert len(known) == 1 + 1 + 30
    assert all(text == "<unknown> same" for text in texts(found.validation))
    assert any("50.0% of the words are read as <unknown>" in warning for warning in found.warnings)


def test_rare_words_are_unknown_and_long_texts_are_cut(tmp_path):
    csv(tmp_path, [*ROWS, ("good once " * 1 + "day " * 20, "yes")])
    found = splits_of(tmp_path, max_length=8)
    train = found.train
    assert "once" not in train.tokenizer.words
    assert texts(train)[-1] == "good <unknown> day day day day day day"
    assert train.input_shape == (8,)
    assert any("1 of 21 texts are cut to 8 words" in note for note in found.notes)


def test_an_empty_text_is_one_token_and_warned_of(tmp_path):
    csv(tmp_path, [*ROWS, ("", "yes")])
    for unit in ("word", "character", "bpe"):
        found = splits_of(tmp_path, unit=unit)
        assert found.train.lengths[-1] == 1
        assert np.asarray(found.train.x)[-1].tolist() == [0] * found.train.input_shape[0]
        assert any("1 of 21 texts have no" in warning for warning in found.warnings)


@pytest.mark.parametrize("unit", ["word", "character", "bpe"])
def test_a_checkpoint_describes_how_texts_become_tokens(tmp_path, unit):
    csv(tmp_path)
    found = splits_of(tmp_path, unit=unit, validation=0.2)
    train = from_description(json.loads(json.dumps(describe(found.train))), found.train.statistics)
    assert train.tokenizer == found.train.tokenizer
    again = splits_of(tmp_path, unit=unit, validation=0.2, like=train)
    assert hashes(again) == hashes(found)


def test_data_of_their_own_use_the_tokenizer_of_the_training(tmp_path):
    csv(tmp_path)
    csv(tmp_path, [("good unheard day", "yes")] * 2 + [("x", "no")], name="v.csv")
    own = {"text_classes": {"path": "v.csv"}}
    found = splits_of(tmp_path, validation=own)
    assert texts(found.validation)[0] == "good <unknown> day"
    assert found.validation.classes == ("no", "yes")
    csv(tmp_path, [("good", "maybe"), ("x", "no")], name="v.csv")
    message = refused(splits_of, tmp_path, validation=own)
    assert "v.csv:2" in message
    assert "maybe" in message


def test_scripts_without_blanks_are_warned_of(tmp_path):
    csv(tmp_path, [("我喜欢猫", "a"), ("ฉันชอบแมว", "b")] * 4)
    assert any("unit: bpe" in warning for warning in splits_of(tmp_path).warnings)
    assert not splits_of(tmp_path, unit="bpe").warnings
    csv(tmp_path, [("हिन्दी में लिखा", "a"), ("한국어 문장", "b")] * 4)
    assert not splits_of(tmp_path).warnings


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("text,label\na,b\nc\n", ("t.csv:3", "expected 2 columns")),
        ("text,label\na,\n", ("t.csv:2", "label", "missing value")),
        ("note,stars,id\na,b,1\n", ("no column is called 'text'", "note", "stars")),
        ("text\na\n", ("one column",)),
        ("text,label\na,b\nc,b\n", ("at least two classes",)),
        ("text,label\na,b\nc,d\n", ("min_count: 1",)),
    ],
)
def test_errors_name_the_place(tmp_path, content, words):
    (tmp_path / "t.csv").write_text(content)
    message = refused(splits_of, tmp_path)
    assert all(word in message for word in words)


def test_bad_json_and_encodings_name_the_line(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"text": "a", "label": 1}\n{"text": "a", "lab\n')
    assert "t.jsonl:2" in refused(splits_of, tmp_path, path="t.jsonl")
    (tmp_path / "t.jsonl").write_text('{"text": "a", "label": 1}\n{"text": "a"}\n')
    message = refused(splits_of, tmp_path, path="t.jsonl")
    assert "t.jsonl:2" in message
    assert "missing value" in message
    write_folder(tmp_path / "t")
    (tmp_path / "t" / "yes" / "bad.txt").write_bytes(b"ok\n\xff\n")
    assert "t/yes/bad.txt:2" in refused(splits_of, tmp_path, path="t").replace(f"{tmp_path}/", "")


def test_options_must_fit_the_unit():
    for options, word in (
        ({"unit": "bpe", "vocabulary": 100}, "257"),
        ({"unit": "bpe", "min_count": 3}, "min_count"),
        ({"label": "x"}, "no columns"),
    ):
        with pytest.raises(ValidationError, match=word):
            Reader.parse({"text_classes": options})


def test_bags_of_words_cannot_tell_the_made_up_reviews_apart():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    train, test = reviews(2000, "train"), reviews(1000, "test")
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(*train)
    assert 0.4 < model.score(*test) < 0.6
    assert 0.45 < train[1].mean() < 0.55


RATED = [("good day", 4.5), ("bad day, sir", 2), ("good night", 4), ("bad, bad night", 1.5)] * 5


def test_labels_with_decimals_are_numbers_to_predict(tmp_path):
    csv(tmp_path, RATED, header="text,stars")
    found = splits_of(tmp_path, validation=0.2)
    assert found.train.classes == ()
    assert found.train.target_names == ("stars",)
    assert found.validation.target.shape == (4, 1)
    assert {*found.train.target[:, 0]} == {1.5, 2, 4, 4.5}
    assert "stars: numbers; `task: classification` makes them classes" in found.notes
    assert splits_of(tmp_path, task="classification").train.classes == ("1.5", "2", "4", "4.5")


def test_whole_numbers_are_classes_unless_the_task_says_otherwise(tmp_path):
    csv(tmp_path, [(text, round(stars)) for text, stars in RATED], header="text,stars")
    found = splits_of(tmp_path)
    assert found.train.classes == ("2", "4")
    assert "stars: 2 classes; `task: regression` makes them numbers" in found.notes
    numbers = splits_of(tmp_path, task="regression").train
    assert numbers.target[:4, 0].tolist() == [4, 2, 4, 2]
    like = splits_of(tmp_path, like=numbers).train
    assert (like.classes, like.target_shape) == ((), (1,))


def test_whole_numbers_that_hardly_repeat_are_warned_of(tmp_path):
    csv(tmp_path, [(f"word{number} same", number) for number in range(40)])
    assert any("set `task: regression`" in warning for warning in splits_of(tmp_path).warnings)
    assert not any("set `task" in warning for warning in splits_of(tmp_path, task="classification").warnings)


def test_a_label_that_is_no_number_is_refused_with_its_line(tmp_path, wording):
    csv(tmp_path, [*RATED, ("so so", "three")])
    message = refused(splits_of, tmp_path, task="regression")
    wording(message)
    assert message.startswith("t.csv:22: label: expected a finite number")
    csv(tmp_path, [*RATED, ("so so", "inf")])
    assert refused(splits_of, tmp_path, task="regression").startswith("t.csv:22")


def test_folders_can_be_numbers(tmp_path):
    write_folder(tmp_path / "t", [(text, str(stars)) for text, stars in RATED])
    train = splits_of(tmp_path, path="t").train
    assert {*train.target[:, 0]} == {1.5, 2, 4, 4.5}


def test_a_header_is_read_as_a_sample_only_with_a_warning(tmp_path):
    csv(tmp_path)
    found = splits_of(tmp_path, text=1, label=2)
    assert found.train.classes == ("label", "no", "yes")
    assert any("t.csv:1" in warning and "`header: true`" in warning for warning in found.warnings)
    for header, classes in ((True, ("no", "yes")), (False, ("label", "no", "yes"))):
        found = splits_of(tmp_path, text=1, label=2, header=header)
        assert found.train.classes == classes
        assert not any("header" in warning for warning in found.warnings)
    csv(tmp_path, header="")
    assert (
        splits_of(tmp_path, text=1, label=2).warnings
        == splits_of(tmp_path, text=1, label=2, header=False).warnings
    )


def test_labels_that_look_like_numbers_are_warned_of(tmp_path):
    (tmp_path / "t.csv").write_text("text;label\n" + "good day;1,5\nbad day;2,5\n" * 3)
    assert any("a decimal comma" in warning for warning in splits_of(tmp_path).warnings)
    assert not any("comma" in warning for warning in splits_of(tmp_path, task="classification").warnings)


def test_a_missing_number_is_no_class(tmp_path):
    csv(tmp_path, [*RATED, ("so so", "NaN")])
    assert refused(splits_of, tmp_path).startswith(
        "t.csv:22: label: expected a finite number. Received: 'NaN'"
    )
