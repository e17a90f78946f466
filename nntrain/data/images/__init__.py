"""Images: what the readers of image files share."""
