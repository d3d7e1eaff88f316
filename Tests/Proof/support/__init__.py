"""Faults to inject, clients that remember what was acknowledged to them, and checks of what is left."""
