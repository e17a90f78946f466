"""Pictures, one module per picture, in a folder per topic: `nntrain plot` draws them, and `fit` some of them.

`python -m nntrain.report.pictures RUN NAME...` draws pictures of a run folder. Training starts that as a separate process,
so that drawing never delays a step. The process loads numpy and matplotlib, but not numba. The same numbers give the same bytes.
"""
