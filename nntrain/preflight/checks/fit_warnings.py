"""Fit's warnings: everything that `fit` itself warns of before training, such as columns that number the rows."""

from collections.abc import Iterator

from nntrain.data.dataset import Dataset
from nntrain.data.tables.features import columns
from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding, parted
from nntrain.preflight.subject import Subject


class FitWarnings(Check, name="fit_warnings", about="data"):
    """Its findings are named by what they are about: data, task, scale, absent_labels, causality, precision, schedule."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        config = subject.config
        found = config.schedule.warnings(len(subject.trainer.batches), config.train.epochs)
        schedule = [f"schedule: {warning}" for warning in found]
        for topic, warnings in {**subject.setup.warnings_by_topic, "schedule": schedule}.items():
            for warning in warnings:
                text, remedy = parted(warning)
                left_out = columns_left_out(warning, subject.train)
                place = f"column {left_out[0]!r}" if left_out else ""
                yield Finding("warning", topic, text, remedy, place, left_out)


def columns_left_out(warning: str, data: Dataset) -> tuple[str, ...]:
    """The column that a warning of a table asks to leave out."""
    if "`features: " not in warning:
        return ()
    names = [name for name, _, _ in columns(data.feature_names, data.one_hot)]
    return tuple(name for name in names if warning.startswith(f"column {name!r} "))
