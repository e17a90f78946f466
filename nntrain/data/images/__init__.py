"""Images: image files and folders, their cache, and pairs of image and label files."""
