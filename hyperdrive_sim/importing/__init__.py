"""A stranger's model becomes a network with parameters.

Reading order: plain (what a file holds), wire and onnx_file (how it is read), axes, expression, thresholds, binary (what its parts mean),
reading (which maps there are), writing (which layers they become), models (the entry).
"""
