"""Evaluation of online models outside of the loop: prequential, with delayed labels, beside baselines."""
