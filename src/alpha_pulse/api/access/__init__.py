"""Authorisation: the token, sign-in sessions, one-time tickets, and the delay after wrong tokens."""
