// Follows a server's firehose with the reference implementation's consumer, `@atproto/sync`, as an app does.
//
//     node firehose.mjs SERVER_URL PLC_URL CURSOR
//
// Prints a line of JSON for each thing that the consumer hands over: an operation of a commit whose signature and proof it
// has verified, an account, an identity, a sync; and one for each fault that it finds. It connects again by itself, from
// the last number it has handed over. Ends with its standard input.

import identity from '@atproto/identity'
import sync from '@atproto/sync'

// The packages are CommonJS, of which node sees some names only so.
const { IdResolver, MemoryCache } = identity
const { Firehose } = sync

const [url, plcUrl, cursor] = process.argv.slice(2)
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

// Takes the events one after the other. Where the connection breaks, it goes on after the last that it was given.
const runner = {
  last: Number(cursor),
  work: Promise.resolve(),
  getCursor: () => runner.last,
  trackEvent(_did, seq, handle) {
    runner.last = seq
    runner.work = runner.work.then(handle)
    return runner.work
  },
}

const firehose = new Firehose({
  service: url.replace('http', 'ws'),
  // The directory is away when the server is, so what it has said is kept.
  idResolver: new IdResolver({ plcUrl, didCache: new MemoryCache() }),
  // Which handle is whose is for DNS to say, which the names of a test are not in.
  unauthenticatedHandles: true,
  subscriptionReconnectDelay: 50,
  maxReconnectSeconds: 0.05,
  runner,
  handleEvent: (event) => {
    tell({
      event: event.event,
      seq: event.seq,
      did: event.did,
      rev: event.rev,
      path: event.collection && `${event.collection}/${event.rkey}`,
      cid: event.cid?.toString(),
      handle: event.handle,
      active: event.active,
      status: event.status,
    })
  },
  onError: (error) => tell({ error: `${error.name}: ${error.message}`, cause: String(error.cause ?? error.err ?? '') }),
})

process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
await firehose.start()
tell({ error: 'the consumer has stopped: it takes the close of the connection for the end of the stream' })
