"""Blob stores: bytes under keys. What belongs here knows keys, bytes and versions; what the bytes mean, the rooms
above know.

base.py       the protocols, a verb each         registry.py   which module serves a scheme
file.py       `file://`                          memory.py     `memory://`, for tests
"""
