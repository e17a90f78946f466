"""Images whose labels are in a CSV file: which file, which column, which split; what is missing on either side."""

from pathlib import Path

import numpy as np
import pytest

from nntrain.data.dataset import Splits
from tests.support.data import load, refused
from tests.support.images import picture, put

FILES = ("a.png", "b.PNG", "deep/c.png", "deep/d.jpg")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    for seed, name in enumerate(FILES):
        put(tmp_path / "photos" / name, picture(seed))
    return tmp_path


def labelled(folder: Path, text: str, **options: object) -> Splits:
    (folder / "labels.csv").write_text(text)
    return load({"image_folder": {"path": "photos", "labels": "labels.csv", **options}}, folder)


def classes(splits: Splits) -> dict[str, str]:
    """The class of each file."""
    found = {}
    for part in splits.parts().values():
        for row in range(len(part)):
            found[Path(part.origin.place(row)).name] = part.classes[part.target[row]]
    return found


EXPECTED = {"a.png": "cat", "b.PNG": "dog", "c.png": "cat", "d.jpg": "dog"}


@pytest.mark.parametrize(
    "names",
    [
        ["a.png", "b.PNG", "deep/c.png", "deep/d.jpg"],  # paths below the folder
        ["a.png", "b.PNG", "c.png", "d.jpg"],  # names
        ["a", "b", "c", "d"],  # without a suffix
        ["a.png", "b.png", "deep/c", "D.JPG"],  # other capitals
        ["./a.png", "photos/b.PNG", r"deep\c.png", "photos/deep/d.jpg"],  # from elsewhere
    ],
)
def test_files_are_found_by_path_and_name(folder, names):
    rows = "".join(f"{name},{EXPECTED[file]}\n" for name, file in zip(names, EXPECTED, strict=True))
    splits = labelled(folder, "image,breed\n" + rows)
    assert classes(splits) == EXPECTED
    assert np.array_equal(splits.train.x[1], picture(1))
    assert classes(labelled(folder, rows)) == EXPECTED  # without a header


@pytest.mark.parametrize("root", ["/content/drive/photos", "C:\\data\\pictures", "photographs"])
def test_files_are_found_by_the_paths_of_another_machine(folder, root):
    rows = "".join(f"{root}/{name},{EXPECTED[Path(name).name]}\n" for name in FILES)
    assert classes(labelled(folder, "image,breed\n" + rows)) == EXPECTED
    told = refused(labelled, folder, f"image,breed\n{rows}{root}/gone.png,cat\n")
    assert "no image" in told
    assert "gone.png" in told
    inside = "".join(f"{root}/{name},{EXPECTED[Path(name).name]}\n" for name in FILES[2:])
    found = classes(labelled(folder, "image,breed\n" + inside))
    assert found == {"c.png": "cat", "d.jpg": "dog"}


def test_columns_are_chosen_by_what_they_hold_or_by_name(folder, wording):
    text = ",sex,label,file\n" + "".join(
        f"{row},m,{EXPECTED[Path(name).name]},{name}\n" for row, name in enumerate(FILES)
    )
    splits = labelled(folder, text)
    assert classes(splits) == EXPECTED
    wording("\n".join(splits.notes))
    assert set(classes(labelled(folder, text, label="sex", file=4)).values()) == {"m"}
    wording(refused(labelled, folder, text, label="breed"))
    wording(refused(labelled, folder, text.replace("label", "kind")))
    wording(refused(labelled, folder, "x,y\n1,2\n"))
    wording(refused(labelled, folder, "file\na.png\n"))


def test_missing_images_are_one_error_or_left_out_and_unlabelled_ones_are_noted(folder, wording):
    text = "file,label\na.png,cat\nb.PNG,dog\ngone.png,cat\nlost.png,dog\nc,NA\n"
    wording(refused(labelled, folder, text))
    wording(refused(labelled, folder, text.replace("gone.png,cat\n", "")))
    splits = labelled(folder, text, on_broken="skip")
    assert classes(splits) == {"a.png": "cat", "b.PNG": "dog"}
    wording("\n".join(splits.notes))
    wording(refused(labelled, folder, "file,label\nx.png,cat\ny.png,dog\n"))


def test_an_image_with_two_labels_is_an_error(folder, wording):
    splits = labelled(folder, "file,label\na.png,cat\nb.PNG,dog\na.png,cat\n")
    assert len(splits.train) == 2
    wording(refused(labelled, folder, "file,label\na.png,cat\nb.PNG,dog\na.png,dog\n"))


def test_a_name_that_two_files_have_is_an_error(folder, wording):
    put(folder / "photos/other/c.png", picture(9))
    wording(refused(labelled, folder, "file,label\na.png,cat\nc.png,dog\n"))
    splits = labelled(folder, "file,label\na.png,cat\nother/c.png,dog\n")
    assert np.array_equal(splits.train.x[1], picture(9))


def test_a_column_or_folders_name_the_splits(folder, wording):
    text = "file,label,part\na.png,cat,Train\nb.PNG,dog,TRAINING\nc,cat,valid\nd,dog,test\n"
    splits = labelled(folder, text, split="part")
    assert {name: len(part) for name, part in splits.parts().items()} == {
        "train": 2,
        "test": 1,
        "validation": 1,
    }
    assert splits.test.classes == ("cat", "dog")
    assert splits.test.target.tolist() == [1]
    wording(refused(labelled, folder, text.replace("valid", "later"), split="part"))
    for seed, name in enumerate(("Train/1.png", "Train/2.png", "val/3.png")):
        put(folder / "more" / name, picture(seed))
    rows = "file,label\n1,cat\n2,dog\n3,dog\n"
    splits = labelled(folder, rows, path="more")
    assert len(splits.train) == 2
    assert splits.validation.target.tolist() == [1]
    put(folder / "more/4.png", picture(4))
    wording(refused(labelled, folder, rows + "4,cat\n", path="more").replace(str(folder), "FOLDER"))


def test_numbers_are_targets(folder):
    text = "file,age\na.png,1.5\nb.PNG,2.25\nc,3\nd,4\n"
    splits = labelled(folder, text)
    assert splits.train.classes == ()
    assert splits.train.target.tolist() == [[1.5], [2.25], [3], [4]]
    assert splits.train.target_names == ("age",)
    assert labelled(folder, text, task="classification").train.classes == ("1.5", "2.25", "3", "4")


def test_columns_without_labels_are_errors(folder, shell, wording):
    (folder / "c.yaml").write_text(
        "data: {source: {image_folder: {path: photos, label: breed}}}\nmodel: {layers: [{dense: 2}]}\n"
        "loss: mse\noptimizer: {sgd: 0.1}\n"
    )
    wording(shell.run("summary", "c.yaml", code=2).stderr)


def test_labels_beside_the_images_are_found_by_the_hint(folder):
    (folder / "photos/l.csv").write_text("file,label\na,cat\nb,dog\n")
    told = refused(load, {"image_folder": {"path": "photos", "labels": "l.csv"}}, folder)
    assert "labels: photos/l.csv" in told
    assert len(load({"image_folder": {"path": "photos", "labels": "photos/l.csv"}}, folder).train) == 2


def test_a_network_trained_on_labelled_images_is_evaluated_and_asked(folder, shell):
    (folder / "labels.csv").write_text("file,label\na,cat\nb,dog\nc,cat\nd,dog\n")
    shell.fit(
        "data: {source: {image_folder: {path: photos, labels: labels.csv}}}\n"
        "model: {layers: [flatten, {dense: 2}]}\nloss: cross_entropy\nmetrics: [accuracy]\noptimizer: {adam: 0.01}\n"
        "train: {epochs: 2}\n"
    )
    assert "accuracy" in shell.scores("runs/run")
    assert len(shell.run("predict", "runs/run", "photos").stdout.splitlines()) == 5
    for name in ("cat/1.png", "dog/2.png"):
        put(folder / "new" / name, picture(7))
    assert "accuracy" in shell.scores("runs/run", "--data", "new")
