"""The words of every text are those of the field: homemade ones do not come back."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.support import ROOT

SUFFIXES = {".py", ".md", ".yaml", ".toml", ".txt"}
# Data, generated vectors, and this list itself.
LEFT_OUT = ("tests/test_words.py", "nntrain/data/packaged/", "tests/vectors/", "LICENSE")

HOMEMADE = {  # a pattern -> what to write instead
    r"fore(tell|told|telling)": "predict, forecast",
    r"what (is|was) to come": "forecast",
    r"\b(is|are|be|was|were) told\b": "is reported",
    r"\b(the|no|another) way[s]? out\b": "hint",
    r"\bway_out\b": "hint",
    r"stands? twice": "duplicate",
    r"\bbesides?\.": "unknown, unexpected",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"it lacks": "missing",
    r"\bgo(es)? on with (it|a text|this)\b": "continue",
    r"\bdoes not go with\b": "cannot be combined with",
    r"\bgoes with `?-": "requires",
    r"how wrong a prediction is": "the loss function that training minimizes",
    r"what training makes small": "the loss function that training minimizes",
    r"how the parameters follow the gradient": "the update rule",
    r"to mean 0 and deviation 1": "to zero mean and unit variance",
    r"\b(FLOPs?|flops|us|µs|values?|samples|operations|multiply-adds|folder) a (sample|step|class|second|line)\b": "per",
    r"yes[- ]or[- ]no": "binary",
    r"bears? outliers": "is robust to outliers",
    r"learn(s|ed)? by heart": "memorize",
    r"takes the likeliest": "greedy decoding",
    r"where the window before ended": "carries the hidden state over",
    r"nothing is called": "unknown",
    r"\bso drawn\b": "randomly initialized",
    r"\bat hand\b": "exceeds the reach of the TLB, available",
    r"lends? (its|their) place": "buffers are reused (liveness)",
    r"\bsees? to\b": "handles",
    r"hands? on\b": "passes on",
    r"leaves? behind": "writes",
    r"kept back": "held out",
    r"\b(learned|drawn|made|measured|read|computed) anew\b": "again, retrained",
    r"measured on the (data|train)": "statistics computed on the training split",
    r"\b(spoilt|broken off)\b": "corrupt, truncated",
    r"with a way around it": "a residual block",
    r"with the same weight in every place": "sharing weights across positions",
    r"what comes of (it|that|them)": "the result",
    r"\bplease\b|\bsimply\b": "leave it out",
}
NAME = r"(?:'[^'\n]*'|`[^`\n]*`|[\w.]+)"  # in a list
LONG_LIST = re.compile(rf"(?:{NAME}(?:, | and | or )){{8,}}{NAME}(?![\w.]| more)")
PATTERN = re.compile("|".join(f"(?:{pattern})" for pattern in HOMEMADE), re.IGNORECASE)


def texts() -> Iterator[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    for name in listed:
        if any(name.endswith(suffix) for suffix in SUFFIXES) and not name.startswith(LEFT_OUT):
            yield name


FILES = sorted(texts())


@pytest.mark.skipif(not FILES, reason="not a git checkout")
def test_no_text_has_homemade_words():
    found = []
    for name in FILES:
        if (ROOT / name).exists():
            for number, line in enumerate((ROOT / name).read_text(errors="replace").splitlines(), start=1):
                if match := PATTERN.search(line):
                    found.append(f"{name}:{number}: {match[0]!r}")
    assert found == []


def test_the_patterns_find_what_they_are_for():
    for text in (
        "the steps that are to be foretold",
        "12 FLOPs a sample",
        "Mend the file",
        "metrics: r2 stands twice",
    ):
        assert PATTERN.search(text)


def test_no_message_lists_more_than_eight_names():
    messages = (ROOT / "tests" / "wording.txt").read_text(encoding="utf-8")
    assert [found[0] for found in LONG_LIST.finditer(messages)] == []
