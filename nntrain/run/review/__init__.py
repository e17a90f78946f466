"""Review: what a finished run shows about its training, as warnings that name the line of YAML to change."""
