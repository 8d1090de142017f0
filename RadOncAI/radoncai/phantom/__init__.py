"""A drawn patient from head to pelvis with known truth, made by this project from published sizes alone."""
