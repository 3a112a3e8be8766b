"""What an account has set in its apps: `app.bsky.actor.*Preferences`."""
