"""Files: their formats, downloads, and the files of known data sets."""
