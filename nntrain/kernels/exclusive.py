"""Exclusive: one Python thread computes at a time, because kernels share scratch memory and one pool of threads.

Two threads inside a parallel loop can abort the process with some of Numba's threading layers. Code that runs a network
holds `lock` for one batch, so that several threads can use several models.
"""

import threading

lock = threading.RLock()
