"""RTDOSE and the minimal RTPLAN beside it."""
