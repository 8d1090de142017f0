"""What can go wrong, by who can mend it. Anything that is not a `RadOncAIError` is a bug."""


class RadOncAIError(Exception):
    """One sentence for a person: what is wrong, where, and what to do."""

    exit_code = 1


class InputError(RadOncAIError):
    """The user's data or options, or an image outside what a model is made for."""

    exit_code = 2


class ModelError(RadOncAIError):
    """A model, its weights, its licence, or a package it needs."""

    exit_code = 3


class PlatformError(RadOncAIError):
    """Disk, memory or device."""

    exit_code = 4


class Cancelled(RadOncAIError):
    """The user asked to stop."""

    exit_code = 130
