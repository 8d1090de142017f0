"""Dose: prediction, DVH, metrics and goals."""
