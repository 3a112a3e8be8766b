"""All HTML: what a person with a browser sees.

Deliberately does not know methods, tokens' formats or storage: pages ask services, and services decide.
"""
