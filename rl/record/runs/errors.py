"""What is raised for a directory that cannot be used."""

from __future__ import annotations

from rewards.errors import UserError


class RunError(UserError):
    """A run directory that cannot be used; says what is missing and what to do."""
