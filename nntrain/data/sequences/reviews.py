"""Reviews: made-up texts whose class depends on the order of their words, and on nothing else."""

import numpy as np

from nntrain import randomness

SUBJECTS = ("plot", "acting", "music", "ending", "dialogue", "camera work", "pace", "cast", "sound", "script")
GOOD = ("clever", "moving", "brilliant", "charming", "superb", "fresh", "gripping", "delightful")
BAD = ("dull", "clumsy", "boring", "shallow", "awful", "stale", "tedious", "painful")
BEFORE = ("I saw it last night.", "We watched it at home.", "Not my usual film.", "I knew the book.", "")
AFTER = ("That is all I can say.", "Make of it what you will.", "It runs for two hours.", "")
LINKS = {
    "but": True,
    "yet": True,
    "although": False,
    "even though": False,
}  # whether what follows counts more
CLASSES = ("negative", "positive")


def reviews(count: int, part: str) -> tuple[list[str], np.ndarray]:
    """`count` reviews and their classes (count,): "The plot was dull, but the acting was superb." is positive.

    Each praises one thing and blames another. What follows "but" or "yet" is the verdict, or what precedes "although" or "even
    though". Each word is as frequent in both classes, so that a bag of words cannot tell them apart.
    """
    draw = iter(randomness.uniform(randomness.key("reviews", part), 9 * count))

    def one_of(choices: tuple[str, ...]) -> str:
        return choices[int(next(draw) * len(choices))]

    texts, target = [], np.zeros(count, np.int32)
    for number in range(count):
        good_first = next(draw) < 0.5
        link = one_of(tuple(LINKS))
        good, bad = one_of(GOOD), one_of(BAD)
        first, second = (good, bad) if good_first else (bad, good)
        about = one_of(SUBJECTS)
        other = SUBJECTS[(SUBJECTS.index(about) + 1 + int(next(draw) * (len(SUBJECTS) - 1))) % len(SUBJECTS)]
        review = f"The {about} was {first}, {link} the {other} was {second}."
        target[number] = good_first != LINKS[link]
        texts.append(" ".join(filter(None, (one_of(BEFORE), review, one_of(AFTER)))))
    return texts, target
