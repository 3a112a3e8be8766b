"""Methods of `app.bsky.*` that an account's host answers itself, one file each."""
