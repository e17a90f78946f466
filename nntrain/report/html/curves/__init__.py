"""Curves: the losses, metrics and learning rates of runs, drawn by Bokeh, to hover over and to zoom into."""
