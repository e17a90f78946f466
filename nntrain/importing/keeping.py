"""Keeping: a run whose network has the weights of another framework, and was not trained."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nntrain.config import Document
from nntrain.errors import UserError
from nntrain.importing.transfer import Transfer, summary
from nntrain.run.folder import RunFolder
from nntrain.run.info import now
from nntrain.run.opening import Place
from nntrain.run.review.evidence import Evidence
from nntrain.run.review.verdict import beats_baseline
from nntrain.run.session import Session
from nntrain.run.status import IMPORTED
from nntrain.run.unwritable import cannot_save
from nntrain.training.setup import Setup


def keep(
    setup: Setup,
    document: Document,
    overrides: Sequence[str],
    threads: int,
    place: Place | None,
    found: Transfer,
    file: Path,
    warnings: Sequence[str],
    clears: Sequence[str] = (),
) -> Session:
    """The session of the run, evaluated and closed; None as `place` keeps it in memory. Raises UserError."""
    with Session(setup, document, overrides, threads) as session:
        session.open(place, clears)
        session.warnings += warnings
        trainer = session.trainer
        arrays = {**trainer.network.arena.parameters, **trainer.network.state}
        for name, value in found.values.items():
            arrays[name][...] = value
        try:
            _save(session)
            session.scores = session.evaluated()
            session.baseline = trainer.baseline()
            session.findings += _doubts(session)
            session.status = IMPORTED
            if session.folder is not None:
                session.folder.write_info(**_facts(session, found, file), ended=now())
        except OSError as error:
            raise _explained(session.folder, error) from None
    return session


def _save(session: Session) -> None:
    """As the best and the last checkpoint; tables of steps and evaluations there are none."""
    snapshot = session.trainer.snapshot()
    if session.folder is None:
        session.record.save(snapshot, True, 0)
    else:
        session.folder.checkpoints.save(snapshot, best=True, keep=0)


def _facts(session: Session, found: Transfer, file: Path) -> dict[str, Any]:
    data = file.read_bytes() if file.is_file() else b""
    origin = {"file": str(file.resolve()), "sha256": hashlib.sha256(data).hexdigest()}
    return {
        "status": session.status,
        "scores": session.scores,
        "baseline": session.baseline,
        "warnings": session.all_warnings,
        "imported": {**origin, **summary(found)},
    }


def _explained(folder: RunFolder | None, error: OSError) -> Exception:
    known = cannot_save(folder, error, 0) if folder is not None else None
    return known or UserError(str(error.strerror or error))


def _doubts(session: Session) -> list[str]:
    """A network that predicts no better than a constant was probably trained on inputs in another form."""
    seen = Evidence(session.trainer, session.scores, session.baseline, session.record)
    split = next(name for name in ("test", "validation", "train") if name in session.scores)
    if split not in session.baseline or beats_baseline(seen, split):
        return []
    score, guess = session.scores[split]["loss"], session.baseline[split]["loss"]
    return [
        f"the {split} loss, {score:.4g}, is no better than that of the best constant prediction, {guess:.4g}: the data may be "
        "scaled differently than in training, classes may have another order, or an activation or an eps may differ"
    ]
