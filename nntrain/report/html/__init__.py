"""Report: one self-contained HTML page about a run, or about several runs side by side."""

PAGE = "report.html"  # its file in a run folder
