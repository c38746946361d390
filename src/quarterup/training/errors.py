"""What can go wrong with a run. Each message says what happened and what to do."""

from __future__ import annotations


class TrainingError(Exception):
    """Any error of a run."""


class SettingsError(TrainingError):
    """A setting has a value that does not work, here or together with another."""


class RunFolderError(TrainingError):
    """A run folder is there already, is not one, belongs to another run, is in use, or cannot be written."""


class ExportError(TrainingError):
    """Metrics could not be handed to another program."""


class CheckpointError(TrainingError):
    """A checkpoint is damaged, missing, or could not be written."""
