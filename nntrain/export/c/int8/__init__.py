"""int8: dense layers and convolutions in whole numbers of 8 bits, with scales from training samples."""
