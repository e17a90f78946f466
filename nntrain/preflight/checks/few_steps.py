"""Few steps: a training of so few steps that hardly anything can be learned."""

from collections.abc import Iterator

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding
from nntrain.preflight.subject import Subject
from nntrain.run.review.causes import FEW_STEPS


class FewSteps(Check, name="few_steps", about="training"):
    """A note: a trial of one epoch may be intended."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        cost = subject.cost
        steps = cost.steps_per_epoch * cost.epochs
        if steps < FEW_STEPS:
            epochs = float(f"{-(-10 * FEW_STEPS // cost.steps_per_epoch):.1g}")
            yield self.found(
                "note",
                f"training makes {steps:,} step{'s' * (steps != 1)}, {cost.steps_per_epoch:,} in each epoch",
                f"Set more `epochs` under `train`, such as {epochs:.0f}, or a smaller `batch_size`.",
            )
