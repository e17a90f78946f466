"""C: a network as one C99 file and its header, without dependencies or allocation."""
