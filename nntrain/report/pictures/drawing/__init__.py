"""What pictures share: the canvas, logarithmic axes, markers, and curves with fewer points."""
