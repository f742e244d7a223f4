"""How the tables came about, a step a released schema. Steps are added and never changed."""
