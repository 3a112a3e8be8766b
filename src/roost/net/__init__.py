"""The only outgoing requests: a guarded HTTP client, the PLC directory, DID and handle resolution, and mail.

Deliberately knows nothing of accounts, storage or configuration: URLs, clocks and the addresses that may be private
come in as arguments. Nothing else in the project opens a connection to another machine, but for the
database and the blobs.
"""
