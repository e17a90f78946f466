"""Export: a trained network as a file that other programs run: ONNX, Python with NumPy alone, C."""
