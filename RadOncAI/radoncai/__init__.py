"""RadOncAI: contours, dose and body composition for research and teaching in radiation oncology."""

__version__ = "0.1.0"
