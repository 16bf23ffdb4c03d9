"""A stranger's model becomes a network with parameters.

Reading order: models (the entry), options (what may be chosen); plain (what a file holds), wire and onnx_file (how it is read),
torch_module; axes, elementwise, expression, steps, thresholds, binary (what its parts mean); reader and reading with functions, products,
windows, pads and views (which maps there are), folding (what is constant), writing (which layers they become). Beside them topology (shapes
alone) and portable (what is written).
"""
