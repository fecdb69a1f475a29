"""Evaluation of online models outside the trading loop: prequential scores, delayed labels, baselines."""
