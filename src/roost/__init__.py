"""Roost: an AT Protocol Personal Data Server."""
