"""Features of bars. ``schema`` names them, ``extractor`` computes them; training, replay and live use the same code."""
