"""Export to ONNX: a graph of standard operators that onnxruntime and other runtimes run."""
