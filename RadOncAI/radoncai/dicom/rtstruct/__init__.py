"""RTSTRUCT, read, drawn, written, extended."""
