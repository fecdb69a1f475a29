"""Code of users: objects that a configuration names, what identifies their source, and what they raised or returned."""
