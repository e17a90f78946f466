"""Pictures of a run, one module per picture: `python -m nntrain.report.pictures RUN NAME` draws one.

Training starts that as a separate process, so that drawing never delays a step. The process loads numpy and matplotlib,
but not numba. The same numbers give the same bytes.
"""
