"""From bars to features: ``schema`` names them, ``extractor`` makes them, one path for training, replay and live."""
