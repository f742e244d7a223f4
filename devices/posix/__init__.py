"""What is done through a POSIX shell, however it is had: files, commands, processes, identity."""
