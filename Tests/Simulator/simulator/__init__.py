"""A stand-in for the ChatGPT web backend of 2023 and for its login pages, for tests on loopback only."""
