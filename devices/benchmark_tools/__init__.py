"""What other benchmark tools print of a run on a device: pure parsers, one tool a file.

Each takes text and returns the runs in it, whose fields are numbers with the line they stood on, or `NotThere` with
a reason. None raises, whatever the text. A run that failed, was cut or contradicts itself has no latency.
"""
