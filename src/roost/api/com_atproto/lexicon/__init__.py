"""Lexicon documents as records: `com.atproto.lexicon.*`."""
