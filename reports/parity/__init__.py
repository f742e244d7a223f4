"""Renderings of a converted model beside its original."""
