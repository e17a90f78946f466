"""Fit's warnings: everything that `fit` itself warns of before training, such as columns that number the rows."""

from collections.abc import Iterator

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding, parted
from nntrain.preflight.subject import Subject


class FitWarnings(Check, name="fit_warnings", about="data"):
    """Its findings are named by what they are about: data, task, scale, absent_labels, causality, schedule."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        config = subject.config
        schedule = config.schedule.warnings(len(subject.trainer.batches), config.train.epochs)
        for topic, warnings in {**subject.setup.warnings_by_topic, "schedule": schedule}.items():
            for warning in warnings:
                yield Finding("warning", topic, *parted(warning))
