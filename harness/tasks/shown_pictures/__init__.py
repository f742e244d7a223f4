"""Pictures as people look at them, whatever the task: whole, small, in squares and on sheets, and values in colours."""
