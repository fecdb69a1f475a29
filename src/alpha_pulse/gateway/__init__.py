"""What API and runtime share: the queries and commands of a running system, and their messages."""
