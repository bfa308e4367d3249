"""Listeners to the events of calls. What changes a call does not belong here."""
