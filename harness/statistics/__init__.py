"""Statistics of paired comparisons. The unit of replication is a pair of blocks, an item or scene, or a process.

Small values and pure functions: arrays in, frozen dataclasses and warnings out. Nothing here knows a device or a file.
"""
