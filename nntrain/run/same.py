"""Same: ranks that train together have the same nntrain, config and data, and compute alike."""

import hashlib
import json
from pathlib import Path

import nntrain
from nntrain import kernels, plugins
from nntrain.distributed.ranks import Ranks
from nntrain.distributed.together import Ended
from nntrain.errors import UserError
from nntrain.training.setup import Setup


def require_same(setup: Setup, ranks: Ranks) -> None:
    """Raises Ended, on all ranks, where one has something else than the root."""
    if ranks.size == 1:
        return
    found = ranks.gathered((ranks.host, fingerprint(setup)))
    host, root = found[0]
    for rank, (other, own) in enumerate(found):
        for what, value in root.items():
            if own[what] != value:
                message = f"rank {rank} on {other} has {what} than rank 0 on {host}: {own[what]} and {value}"
                hint = "Give all ranks the same files and the same installation."
                raise Ended(message, hint, "", UserError.exit_code)


def fingerprint(setup: Setup) -> dict[str, str]:
    """What has to be equal, by what it is called where it is not."""
    config = json.dumps(setup.config.model_dump(mode="json"), sort_keys=True)
    parts = {f"another {name} split": digest[:12] for name, digest in setup.hashes.items()}
    return {
        "another nntrain": f"version {nntrain.__version__}, sources {sources()}",
        "another processor or Numba": kernels.cache.key(),
        "other plugins": ", ".join(f"{each.path.name} {each.sha256[:12]}" for each in plugins.loaded.values())
        or "none",
        "another config": hashlib.sha256(config.encode()).hexdigest()[:12],
        **{
            f"another {name} split": parts.get(f"another {name} split", "none")
            for name in ("train", "validation", "test")
        },
    }


def sources() -> str:
    """A hash of all of the package's code."""
    digest = hashlib.sha256()
    for file in sorted(Path(nntrain.__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
