"""What several pictures compute: values and gradients of every layer, gates, costs, images; `drawing` has what they draw."""
