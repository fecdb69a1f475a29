"""For authors of plug-ins: checks that a model, detector or agent fulfils the contract of its family."""
