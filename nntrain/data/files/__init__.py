"""Files: formats, downloads and known data sets."""
