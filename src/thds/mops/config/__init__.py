"""Which settings hold for a function: by its place in the module tree, by file, by stack.

What belongs here answers "what was said, where, and what holds?". Nothing here imports a shim, opens a store or knows
what a setting does. Files, lowest first: names, tree, shim | root | pipeline, settings, targets, context,
resolved | explain | snapshot, toml_lines, toml.
"""
