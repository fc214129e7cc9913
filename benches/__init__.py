"""Benchmarks: each prints a table and writes `benches/results/<bench>.json`."""
