"""First steps: a loss that rises or is not finite within the first steps, which are made as `fit` makes them."""

from collections.abc import Iterator

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding, parted
from nntrain.preflight.remedies import first_of_all
from nntrain.preflight.subject import Subject
from nntrain.run.review.causes import first_steps_raised_the_loss, smaller_lr


class FirstSteps(Check, name="first_steps", about="training"):
    """An error where a loss is not finite, because training then ends there. A rise that is over within the trial is none."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        trial = subject.trial
        if trial.diverged is not None:
            advice = first_of_all(subject) or f"Set {smaller_lr(subject.evidence)}."
            yield self.found("error", f"training diverges: {trial.diverged.message}", advice)
        elif not recovered(subject) and (text := first_steps_raised_the_loss(subject.evidence)):
            what, advice = parted(text)
            yield self.found("warning", what, first_of_all(subject) or advice)


def recovered(subject: Subject) -> bool:
    """Whether the last steps of the trial have a lower loss than the first one, or than the best constant prediction."""
    losses = subject.evidence.step_losses
    last = losses[-max(1, len(losses) // 4) :].mean()
    return bool(last < max(losses[0], subject.baseline["train"]["loss"]))
