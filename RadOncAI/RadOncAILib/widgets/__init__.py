"""Widgets that the three panels share: small classes over plain Qt, without worker or scene logic of their own."""
