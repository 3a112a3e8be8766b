// Verifies what a server proves of single records, and of what has changed, with the reference packages.
//
//     node proofs.mjs SERVER_URL PLC_URL DID ABSENT OTHER_DID OLD_CAR OLD_REV
//
// ABSENT are paths, joined by commas, at which no record stands; OTHER_DID is an account whose key has signed nothing of
// this; OLD_CAR is the repository as it was at OLD_REV. Prints the number of records that are proved, the largest proof in
// bytes, and what has changed since, as JSON. Any fault is an exception and exit code 1.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import identity from '@atproto/identity'
import repository from '@atproto/repo'

// The packages are CommonJS, of which node sees some names only so.
const { IdResolver } = identity
const { MemoryBlockstore, Repo, readCarWithRoot, verifyDiffCar, verifyProofs, verifyRecords, verifyRepoCar } = repository

const [url, plcUrl, did, absent, otherDid, oldCar, oldRev] = process.argv.slice(2)
const resolver = new IdResolver({ plcUrl })
const key = await resolver.did.resolveAtprotoKey(did)
const otherKey = await resolver.did.resolveAtprotoKey(otherDid)

async function fetched(method, params) {
  const answer = await fetch(`${url}/xrpc/com.atproto.sync.${method}?${new URLSearchParams(params)}`)
  assert.equal(answer.status, 200, method)
  return Buffer.from(await answer.arrayBuffer())
}

const exported = await fetched('getRepo', { did })
const whole = await verifyRepoCar(exported, did, key)
const present = await readCarWithRoot(exported)
const repo = await Repo.load(new MemoryBlockstore(present.blocks), present.root)
let largest = 0
for (const { collection, rkey, cid } of whole.creates) {
  const proof = await fetched('getRecord', { did, collection, rkey })
  const claim = { collection, rkey, cid }
  assert.deepEqual(await verifyProofs(proof, [claim], did, key), { verified: [claim], unverified: [] })
  const found = (await verifyRecords(proof, did, key)).find((each) => each.collection === collection && each.rkey === rkey)
  assert.deepEqual(found?.record, await repo.getRecord(collection, rkey))
  const lie = { ...claim, cid: null }
  assert.deepEqual(await verifyProofs(proof, [lie], did, key), { verified: [], unverified: [lie] })
  largest = Math.max(largest, proof.length)
}

for (const path of absent.split(',')) {
  const [collection, rkey] = path.split('/')
  const claim = { collection, rkey, cid: null }
  const proof = await fetched('getRecord', { did, collection, rkey })
  assert.deepEqual(await verifyProofs(proof, [claim], did, key), { verified: [claim], unverified: [] })
}

const [{ collection, rkey }] = whole.creates
const proof = await fetched('getRecord', { did, collection, rkey })
await assert.rejects(() => verifyRecords(proof, did, otherKey), /Invalid signature/)
await assert.rejects(() => verifyRecords(proof, otherDid, key), /Invalid repo did/)

// What has been gained since an older commit, on top of what was there then, is the present repository.
const old = await readCarWithRoot(await readFile(oldCar))
const before = await Repo.load(new MemoryBlockstore(old.blocks), old.root)
assert.equal(before.commit.rev, oldRev)
const diff = await verifyDiffCar(before, await fetched('getRepo', { did, since: oldRev }), did, key)
assert.equal(diff.commit.cid.toString(), whole.commit.cid.toString())
const changed = diff.writes.map(({ action, collection, rkey }) => [`${collection}/${rkey}`, action])

// Blocks by their CIDs are those of the export.
const cids = [...present.blocks.cids()].slice(0, 60)
const blocks = await repository.readCar(
  await fetched('getBlocks', [['did', did], ...cids.map((cid) => ['cids', cid.toString()])]),
)
assert.equal(blocks.blocks.size, cids.length)
for (const cid of cids) assert.deepEqual(blocks.blocks.get(cid), present.blocks.get(cid))

console.log(JSON.stringify({ proved: whole.creates.length, largest, changed: Object.fromEntries(changed) }))
