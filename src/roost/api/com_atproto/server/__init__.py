"""Accounts, sessions, invites and passwords: `com.atproto.server.*`."""
