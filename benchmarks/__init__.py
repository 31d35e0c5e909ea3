"""What pesabox costs on this machine: `python -m benchmarks`. One module a figure; nothing here asserts a time."""
