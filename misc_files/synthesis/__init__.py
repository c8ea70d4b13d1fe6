"""Synthesis of a small data set: events, their sounds, rooms and microphones, recordings, files."""
