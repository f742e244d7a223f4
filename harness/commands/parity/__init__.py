"""`bakeoff parity`: a converted model beside its original."""
