"""Checks that a model, detector or agent fulfils the contract of its family, for authors of plug-ins."""
