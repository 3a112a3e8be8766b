"""A nameserver on loopback that knows TXT records and addresses, and forgets and breaks when it is told to."""

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import dns.message
import dns.rcode
import dns.rrset


@dataclass
class Nameserver:
    """`txt` is what each name's records say, `addresses` where it is; `broken` makes every answer SERVFAIL, and `asked`
    are the names that were asked for.
    """

    address: str = ""
    txt: dict[str, list[str]] = field(default_factory=dict)
    addresses: dict[str, list[str]] = field(default_factory=dict)
    broken: bool = False
    asked: list[str] = field(default_factory=list)

    def proves(self, handle: str, did: str) -> None:
        """Have a handle lead to a DID."""
        self.txt[f"_atproto.{handle}"] = [f"did={did}"]

    def answer(self, raw: bytes) -> bytes:
        """Answer one question."""
        query = dns.message.from_wire(raw)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        response = dns.message.make_response(query)
        kind = query.question[0].rdtype.name
        records = self._records(name, kind)
        if self.broken:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif records:
            response.answer.append(dns.rrset.from_text(query.question[0].name, 1, "IN", kind, *records))
        elif name not in self.txt and name not in self.addresses:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()

    def _records(self, name: str, kind: str) -> list[str]:
        if kind == "TXT":
            return [" ".join(f'"{part}"' for part in _parts(record)) for record in self.txt.get(name, [])]
        return [each for each in self.addresses.get(name, []) if (":" in each) == (kind == "AAAA")]


def _parts(record: str) -> list[str]:
    """Cut a record as DNS must: 255 bytes a piece; here shorter, so that every record comes in several."""
    return [record[at : at + 20] for at in range(0, len(record), 20)]


@contextlib.contextmanager
def nameserver() -> Iterator[Nameserver]:
    """Serve one on a free port until the block ends."""
    served = Nameserver()

    class Answerer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            raw, to = self.request
            to.sendto(served.answer(raw), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Answerer) as server:
        served.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
