"""What a run needs on this side: its folder, its progress, its threads, being stopped."""
