"""An experiment: how it is declared, read, written for a beginner, and looked up."""
