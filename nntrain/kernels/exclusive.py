"""Exclusive: one Python thread computes at a time, because kernels share scratch memory and one pool of threads.

Two threads inside a parallel loop can abort the process with some of Numba's threading layers. Whoever runs a network
holds `lock` for one batch, so that several models can be used from several threads.
"""

import threading

lock = threading.RLock()
