"""The tests of operators that ONNX brings, as networks of ours: layers, arrays, and the expected output."""
