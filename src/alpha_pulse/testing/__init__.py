"""For authors of plug-ins: checks that hold a model, detector or agent to the promises of its family."""
