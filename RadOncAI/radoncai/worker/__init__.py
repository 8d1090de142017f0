"""The child process behind the panels: requests and events as JSON lines, arrays as files beside them."""
