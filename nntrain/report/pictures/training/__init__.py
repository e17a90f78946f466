"""Training: the loss and what moves it."""
