"""What prints the figures in the README: one module per protocol, `python -m benchmarks.NAME`. May import
everything."""
