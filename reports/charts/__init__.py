"""Figures as inline SVG, one file each. No text from users is ever drawn: names stand beside a figure, in HTML."""
