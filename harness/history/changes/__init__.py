"""What changed in the history: suspects to be measured again, and events that are told, each once."""
