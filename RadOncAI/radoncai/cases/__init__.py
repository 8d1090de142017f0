"""Kept cases: what a model gave on an input, so that the day after an update shows whether it still does."""
