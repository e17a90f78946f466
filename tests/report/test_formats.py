"""Formats of names: what is left of long ones."""

from nntrain.report.formats import distinct, shortened


def test_long_names_that_differ_in_their_middle_stay_apart():
    names = [f"class_number_{number:03}_with_a_long_name" for number in range(100)]
    assert len({shortened(name, 18) for name in names}) == 1
    found = distinct(names, 18)
    assert len(set(found)) == 100
    assert max(map(len, found)) == 18
    assert found[42] == "…number_042_with_…"


def test_names_that_differ_when_shortened_or_are_the_same_are_only_shortened():
    names = ["a", "b" * 30, "c" * 30, "c" * 30]
    assert distinct(names, 10) == [shortened(name, 10) for name in names]


def test_names_of_one_letter_of_different_lengths():
    assert distinct(["x" * 40, "x" * 50], 12) == ["…xxxxx", "…xxxxxxxxxx…"]
