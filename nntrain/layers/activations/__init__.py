"""The activations, also usable as another layer's `activation`: by what they do to large values."""
