"""What would trouble a planning system, by rules that are data."""
