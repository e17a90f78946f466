"""Scaling: what `nntrain bench --shards` measures on all ranks."""

from nntrain import kernels
from nntrain.api.fit import require_equal_shares
from nntrain.api.setup import ConfigLike, load_setup
from nntrain.distributed.ranks import Ranks
from nntrain.distributed.together import together
from nntrain.report.terminal.downloads import shown_downloads
from nntrain.run.same import require_same
from nntrain.scaling.measure import Scaling, measure


def scaling(
    config: ConfigLike,
    overrides: tuple[str, ...],
    ranks: Ranks,
    threads: int,
    latency_us: float | None = None,
    bandwidth_gbit_s: float | None = None,
) -> Scaling:
    """Times the sharded steps of a config, and predicts them for other numbers of ranks, or for another network between them.

    Raises UserError, on all ranks.
    """
    with together(ranks), ranks.in_turn(), shown_downloads():
        setup, document = load_setup(config, overrides)
        require_equal_shares(setup, document, ranks)
    require_same(setup, ranks)
    latency_s = None if latency_us is None else 1e-6 * latency_us
    bytes_per_s = None if bandwidth_gbit_s is None else 1e9 / 8 * bandwidth_gbit_s
    with kernels.denormals.flushed():
        return measure(setup, ranks, threads, latency_s, bytes_per_s)
