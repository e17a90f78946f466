"""The page of the server: one HTML file, which loads nothing but predictions."""
