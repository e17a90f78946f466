"""Search: groups of runs, such as the folds of a cross-validation and the trials of a sweep, and their results."""
