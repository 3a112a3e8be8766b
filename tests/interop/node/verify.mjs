// Verifies a repository's CAR with the reference implementation's packages, and prints what they found as JSON.
//
//     node verify.mjs CAR DID PLC_URL
//
// The signing key is what the PLC directory says. Any fault is an exception and exit code 1.

import { readFile } from 'node:fs/promises'
import identity from '@atproto/identity'
import repository from '@atproto/repo'

// The packages are CommonJS, of which node sees some names only so.
const { IdResolver } = identity
const { MST, MemoryBlockstore, Repo, readCarWithRoot, verifyRepo } = repository

const [file, did, plcUrl] = process.argv.slice(2)

// A value of the data model as JSON, in the specification's form.
function toJson(value) {
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64').replace(/=+$/, '') }
  if (value.multihash !== undefined) return { $link: value.toString() }
  if (Array.isArray(value)) return value.map(toJson)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toJson(each)]))
}

function check(condition, message) {
  if (!condition) throw new Error(message)
}

const signingKey = await new IdResolver({ plcUrl }).did.resolveAtprotoKey(did)

// Reading checks the hash of every block.
const car = await readCarWithRoot(await readFile(file))
const { creates, commit } = await verifyRepo(car.blocks, car.root, did, signingKey)
check(commit.cid.equals(car.root), 'the commit is the root')

const store = new MemoryBlockstore(car.blocks)
const repo = await Repo.load(store, car.root)
const records = {}
for await (const { collection, rkey, cid, record } of repo.walkRecords()) {
  records[`${collection}/${rkey}`] = { cid: cid.toString(), value: toJson(record) }
}
check(creates.length === Object.keys(records).length, 'both walks find the same number of records')
for (const { collection, rkey, cid } of creates) {
  check(records[`${collection}/${rkey}`]?.cid === cid.toString(), `both walks agree on ${collection}/${rkey}`)
}

// The whole tree, grown anew from its leaves in another order, has the root that was signed.
let grown = await MST.create(new MemoryBlockstore())
for (const { key, value } of (await repo.data.leaves()).reverse()) {
  grown = await grown.add(key, value)
}
check((await grown.getPointer()).equals(repo.commit.data), 'the tree is canonical')

const reached = new Set([car.root.toString()])
for (const cid of (await repo.data.allCids()).toList()) reached.add(cid.toString())
for (const { cid } of Object.values(records)) reached.add(cid)
check(reached.size === car.blocks.size, `the CAR has ${car.blocks.size} blocks, of which ${reached.size} are reached`)

console.log(
  JSON.stringify({
    did: repo.did,
    rev: repo.commit.rev,
    commit: repo.cid.toString(),
    signingKey,
    blocks: car.blocks.size,
    records,
  }),
)
