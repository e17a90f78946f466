"""Folds of a cross-validation: which samples a fold holds out, and what is measured on the others alone."""
