"""Pictures, plots and one-file HTML reports from finished results; knows core nouns and table rows."""
