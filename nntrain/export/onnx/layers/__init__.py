"""The operators of each layer. A module's functions register themselves for the layers that they write."""
