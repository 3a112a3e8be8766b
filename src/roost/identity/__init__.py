"""Identity as values: did:plc operations and logs, DID documents, did:web, and which handles may be given out.

Pure: deliberately knows no network, no clock, no storage and no configuration. Times, documents and domains come in as
arguments; `roost.net` fetches, `roost.services` decides.
"""
