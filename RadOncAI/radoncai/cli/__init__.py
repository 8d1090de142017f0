"""The command line: one file a command. Each parses, calls one job, and says what was found and written."""
