"""Requests, responses and examples of the API, and its OpenAPI description."""
