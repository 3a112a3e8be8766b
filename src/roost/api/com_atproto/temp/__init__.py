"""What may go again: `com.atproto.temp.*`."""
