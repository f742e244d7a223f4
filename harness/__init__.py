"""The experiment from plan to verdict, and the command line."""

__version__ = "0.1.0"
