"""The command line: one file a command, each with `configure(parser)` and `execute(arguments) -> exit code`."""
