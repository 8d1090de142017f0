"""Site presets: tables of structures, and which model gives which here."""
