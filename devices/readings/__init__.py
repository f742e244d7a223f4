"""What a device's own files and commands say of its state: pure parsers, one topic a file.

Each takes text and returns a frozen value, whose fields are values or `NotThere` with a reason. None raises,
whatever the text: cut, mixed with another's, or no text at all. A 0 comes out only where a 0 stood and means something.
"""
