"""Nouns and geometry that every other room speaks in. Depends on numpy, scipy and SimpleITK alone."""
