"""Starts the program, nginx and the stub, and speaks with them, for the tests."""
