"""`bakeoff web-check`: a model in every engine and backend of a browser."""
