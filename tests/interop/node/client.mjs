// Uses a server as an app does, with the reference implementation's own client, `@atproto/api`.
//
//     node client.mjs PART SERVER_URL PLC_URL MAIL_DIR
//
// The client holds each answer against its lexicon and throws where they differ. Any fault is an exception and exit code 1.
// Prints what the caller is to look at from outside, as JSON.

import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import { setTimeout as pass } from 'node:timers/promises'
import api from '@atproto/api'
import crypto from '@atproto/crypto'
import identity from '@atproto/identity'
import xrpcServer from '@atproto/xrpc-server'

// The packages are CommonJS, of which node sees some names only so.
const { AtpAgent, BlobRef, RichText } = api
const { IdResolver } = identity

const [part, url, plcUrl, mailDir] = process.argv.slice(2)
const PASSWORD = 'correct horse battery'
const resolver = new IdResolver({ plcUrl })
let people = 0

// The smallest PNG there is: one grey pixel.
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==',
  'base64',
)

const agentOf = () => new AtpAgent({ service: url })

// A new account, signed in.
async function person(stem) {
  const agent = agentOf()
  const name = `${stem}${process.pid}x${people++}`
  const email = `${name}@mail.test`
  const made = await agent.createAccount({ handle: `${name}.test`, email, password: PASSWORD })
  assert.equal(agent.session.did, made.data.did)
  return { agent, did: made.data.did, handle: made.data.handle, email }
}

// Where the lexicon has a name that the reference server does not use, both are right: `error` is a list then.
async function refused(call, error, status = 400) {
  await assert.rejects(call, (reason) => {
    const right = [error].flat().includes(reason.error) && reason.status === status
    return right || assert.fail(`${reason.status} ${reason.error} ${reason.message}, not ${status} ${error}`)
  })
}

const TAKEN = ['HandleNotAvailable', 'InvalidRequest']
const UNKNOWN = ['HandleNotFound', 'InvalidRequest']

async function letters(address) {
  const found = []
  for (const name of await readdir(mailDir).catch(() => [])) {
    if (!name.endsWith('.eml')) continue
    const text = await readFile(`${mailDir}/${name}`, 'utf8')
    if (text.match(/^To: (.*)$/im)?.[1].trim().toLowerCase() === address) found.push([parseInt(name), text])
  }
  return found.sort((a, b) => a[0] - b[0])
}

// Makes a call that has a mail sent, and returns its result and the code in the mail.
async function mailed(address, call) {
  const before = (await letters(address)).length
  const result = await call()
  const end = Date.now() + 20_000
  for (;;) {
    const found = await letters(address)
    if (found.length > before) {
      const code = found[before][1].match(/\b[A-Z2-7]{5}-[A-Z2-7]{5}\b/)
      assert(code, found[before][1])
      return { code: code[0], result }
    }
    assert(Date.now() < end, `no mail to ${address}`)
    await pass(20)
  }
}

const parts = {
  // An account is made; its session is resumed, refreshed, and ended.
  async sessions() {
    const events = []
    const { agent, did, handle, email } = await person('alice')
    const saved = { ...agent.session }

    const signedIn = new AtpAgent({ service: url, persistSession: (event) => events.push(event) })
    for (const identifier of [handle, did, email]) {
      await signedIn.login({ identifier, password: PASSWORD })
      assert.equal(signedIn.session.did, did)
    }
    assert.equal((await signedIn.com.atproto.server.getSession()).data.handle, handle)
    // Where a session tells the DID document, the client goes to the server that it names.
    assert.equal((signedIn.pdsUrl ?? signedIn.serviceUrl).port, new URL(url).port)

    // An access token that is not accepted any more makes the client use its refresh token, and repeat the call.
    const resumed = new AtpAgent({ service: url, persistSession: (event) => events.push(event) })
    await resumed.resumeSession(saved)
    const { refreshJwt } = resumed.session
    await resumed.sessionManager.refreshSession()
    assert.notEqual(resumed.session.refreshJwt, refreshJwt)
    assert.equal((await resumed.com.atproto.server.getSession()).data.email, email)

    const last = { ...resumed.session }
    await resumed.logout()
    await refused(() => agentOf().resumeSession(last), 'ExpiredToken')
    await refused(() => agentOf().login({ identifier: handle, password: 'wrong' }), 'AuthenticationRequired', 401)
    await refused(() => agentOf().createAccount({ handle, email: `x${email}`, password: PASSWORD }), TAKEN)
    assert.deepEqual([...new Set(events)].sort(), ['create', 'expired', 'update'])
    return { did }
  },

  // An app password signs in, may not do what only the owner may, and is dead when revoked.
  async appPasswords() {
    const { agent, handle } = await person('app')
    const server = agent.com.atproto.server
    const made = (await server.createAppPassword({ name: 'phone' })).data
    assert.deepEqual([made.name, made.privileged ?? false], ['phone', false])
    await server.createAppPassword({ name: 'chat', privileged: true })
    const listed = (await server.listAppPasswords()).data.passwords
    assert.deepEqual(
      listed.map(({ name, privileged }) => [name, privileged]).sort(),
      [
        ['chat', true],
        ['phone', false],
      ],
    )

    const phone = agentOf()
    await phone.login({ identifier: handle, password: made.password })
    await phone.post({ text: 'from my phone' })
    await refused(() => phone.com.atproto.server.createAppPassword({ name: 'more' }), 'InvalidToken')
    await refused(() => phone.com.atproto.server.deactivateAccount({}), 'InvalidToken')

    await server.revokeAppPassword({ name: 'phone' })
    await assert.rejects(() => phone.sessionManager.refreshSession().then(() => phone.post({ text: 'again' })))
    await refused(() => agentOf().login({ identifier: handle, password: made.password }), 'AuthenticationRequired', 401)
    return {}
  },

  // Rich text with a mention, a link and a tag; images; likes, follows, reposts; a profile with an avatar.
  async posting() {
    const [alice, bob] = [await person('alice'), await person('bob')]
    const { agent } = alice
    const text = new RichText({ text: `Hello @${bob.handle}, see https://example.com/a?b=c #tag 🦉` })
    await text.detectFacets(bob.agent)
    const kinds = text.facets.flatMap((facet) => facet.features.map((feature) => feature.$type.split('#')[1]))
    assert.deepEqual(kinds.sort(), ['link', 'mention', 'tag'])
    assert.equal(text.facets.flatMap((facet) => facet.features).find((feature) => feature.did)?.did, bob.did)

    const uploaded = (await agent.uploadBlob(PNG, { encoding: 'image/png' })).data.blob
    assert(uploaded instanceof BlobRef)
    assert.deepEqual([uploaded.mimeType, uploaded.size], ['image/png', PNG.length])
    const images = [{ image: uploaded, alt: 'a grey pixel', aspectRatio: { width: 1, height: 1 } }]
    const post = await agent.post({
      text: text.text,
      facets: text.facets,
      langs: ['en'],
      embed: { $type: 'app.bsky.embed.images', images },
    })
    const got = (await bob.agent.com.atproto.repo.getRecord({ repo: alice.handle, collection: 'app.bsky.feed.post', rkey: post.uri.split('/').pop() })).data
    assert.equal(got.cid, post.cid)
    assert.equal(got.value.embed.images[0].image.ref.toString(), uploaded.ref.toString())
    const listed = (await bob.agent.com.atproto.sync.listBlobs({ did: alice.did })).data.cids
    assert.deepEqual(listed, [uploaded.ref.toString()])
    const fetched = await bob.agent.com.atproto.sync.getBlob({ did: alice.did, cid: listed[0] })
    assert.deepEqual(Buffer.from(fetched.data), PNG)
    assert.equal(fetched.headers['content-type'], 'image/png')

    const like = await bob.agent.like(post.uri, post.cid)
    await bob.agent.deleteLike(like.uri)
    await bob.agent.like(post.uri, post.cid)
    await bob.agent.repost(post.uri, post.cid)
    const follow = await bob.agent.follow(alice.did)
    await bob.agent.deleteFollow(follow.uri)
    await bob.agent.follow(alice.did)
    const ref = { uri: post.uri, cid: post.cid }
    const reply = await bob.agent.post({ text: 'a reply', reply: { root: ref, parent: ref } })

    const avatar = (await bob.agent.uploadBlob(PNG, { encoding: 'image/png' })).data.blob
    for (const displayName of ['Bob', 'Robert']) {
      await bob.agent.upsertProfile((before) => ({ ...before, displayName, avatar: before?.avatar ?? avatar }))
    }
    const profile = (await agent.com.atproto.repo.getRecord({ repo: bob.did, collection: 'app.bsky.actor.profile', rkey: 'self' })).data
    assert.equal(profile.value.displayName, 'Robert')
    await bob.agent.deletePost(reply.uri)
    const described = (await agent.com.atproto.repo.describeRepo({ repo: bob.did })).data
    assert.deepEqual(described.collections.sort(), [
      'app.bsky.actor.profile',
      'app.bsky.feed.like',
      'app.bsky.feed.repost',
      'app.bsky.graph.follow',
    ])
    assert.equal(described.handleIsCorrect, true)
    return { did: alice.did, blob: listed[0] }
  },

  // Records are put, swapped and written in batches; what a swap or a batch refuses changes nothing.
  async writing() {
    const { agent, did } = await person('write')
    const repo = agent.com.atproto.repo
    const collection = 'com.example.note'
    const note = (rkey, text) => ({ repo: did, collection, rkey, record: { $type: collection, text } })
    const created = (await repo.createRecord({ ...note('one', 'first'), validate: false })).data
    const updated = (await repo.putRecord({ ...note('one', 'second'), swapRecord: created.cid })).data
    await refused(() => repo.putRecord({ ...note('one', 'third'), swapRecord: created.cid }), 'InvalidSwap')
    await refused(() => repo.putRecord({ ...note('one', 'third'), swapRecord: null }), 'InvalidSwap')
    await refused(() => repo.deleteRecord({ repo: did, collection, rkey: 'one', swapRecord: created.cid }), 'InvalidSwap')
    await refused(() => repo.putRecord({ ...note('two', 'x'), swapCommit: created.commit.cid }), 'InvalidSwap')

    const $type = (name) => `com.atproto.repo.applyWrites#${name}`
    const batch = await repo.applyWrites({
      repo: did,
      swapCommit: updated.commit.cid,
      writes: [
        ...Array.from({ length: 120 }, (_, i) => ({
          $type: $type('create'),
          collection,
          rkey: `k${String(i).padStart(3, '0')}`,
          value: { $type: collection, text: `${i}` },
        })),
        { $type: $type('update'), collection, rkey: 'one', value: { $type: collection, text: 'fourth' } },
      ],
    })
    assert.deepEqual(
      batch.data.results.map((result) => result.$type),
      [...Array(120).fill($type('createResult')), $type('updateResult')],
    )
    await assert.rejects(() =>
      repo.applyWrites({
        repo: did,
        writes: [
          { $type: $type('delete'), collection, rkey: 'k000' },
          { $type: $type('update'), collection, rkey: 'nowhere', value: { $type: collection, text: 'no' } },
        ],
      }),
    )
    const removed = await repo.applyWrites({ repo: did, writes: [{ $type: $type('delete'), collection, rkey: 'k000' }] })
    assert.deepEqual(removed.data.results, [{ $type: $type('deleteResult') }])

    const seen = []
    let cursor
    do {
      const page = (await repo.listRecords({ repo: did, collection, limit: 50, cursor, reverse: true })).data
      seen.push(...page.records.map((record) => record.uri.split('/').pop()))
      cursor = page.cursor
    } while (cursor)
    assert.deepEqual(seen, [...Array.from({ length: 119 }, (_, i) => `k${String(i + 1).padStart(3, '0')}`), 'one'])
    await refused(() => repo.createRecord({ repo: did, collection: 'app.bsky.feed.post', record: { text: 1 } }), 'InvalidRequest')
    await refused(() => repo.getRecord({ repo: did, collection, rkey: 'k000' }), 'RecordNotFound')
    return { did }
  },

  // A handle is changed: it resolves, the directory and the DID document name it, and the old one leads nowhere.
  async handle() {
    const { agent, did, handle } = await person('name')
    const { agent: other } = await person('other')
    const wanted = `new${handle}`
    await refused(() => other.updateHandle({ handle }), TAKEN)
    await refused(() => other.updateHandle({ handle: 'not a handle' }), ['InvalidHandle', 'InvalidRequest'])
    await agent.updateHandle({ handle: wanted })
    assert.equal((await other.resolveHandle({ handle: wanted })).data.did, did)
    await refused(() => other.resolveHandle({ handle }), UNKNOWN)
    assert.equal((await agent.com.atproto.server.getSession()).data.handle, wanted)
    const { handle: known } = await resolver.did.resolveAtprotoData(did, true)
    assert.equal(known, wanted)
    await agent.updateHandle({ handle })
    assert.equal((await other.resolveHandle({ handle })).data.did, did)
    await agent.updateHandle({ handle: wanted })
    return { did, handle: wanted }
  },

  // Addresses are confirmed and changed, and passwords reset, by the codes in mails.
  async email() {
    const { agent, handle, email } = await person('email')
    const server = agent.com.atproto.server
    const first = await mailed(email, () => server.requestEmailConfirmation())
    await refused(() => server.confirmEmail({ email, token: 'AAAAA-AAAAA' }), 'InvalidToken')
    await server.confirmEmail({ email, token: first.code })
    assert.equal((await server.getSession()).data.emailConfirmed, true)

    const wanted = `new${email}`
    await refused(() => server.updateEmail({ email: wanted }), 'TokenRequired')
    const second = await mailed(email, () => server.requestEmailUpdate())
    assert.equal(second.result.data.tokenRequired, true)
    await server.updateEmail({ email: wanted, token: second.code })
    const { data } = await server.getSession()
    assert.deepEqual([data.email, data.emailConfirmed], [wanted, false])
    // An address that was never confirmed is changed without a code.
    assert.equal((await server.requestEmailUpdate()).data.tokenRequired, false)

    const third = await mailed(wanted, () => agentOf().com.atproto.server.requestPasswordReset({ email: wanted }))
    await agentOf().com.atproto.server.resetPassword({ token: third.code, password: 'another horse battery' })
    await refused(() => agentOf().com.atproto.server.resetPassword({ token: third.code, password: 'x' }), 'InvalidToken')
    await refused(() => agentOf().login({ identifier: handle, password: PASSWORD }), 'AuthenticationRequired', 401)
    await agentOf().login({ identifier: wanted, password: 'another horse battery' })
    return {}
  },

  // An account sleeps, wakes, and is deleted by the code in a mail.
  async life() {
    const { agent, did, handle, email } = await person('life')
    const { agent: other } = await person('other')
    const { uri } = await agent.post({ text: 'here' })
    const record = { repo: did, collection: 'app.bsky.feed.post', rkey: uri.split('/').pop() }
    const status = (await agent.com.atproto.server.checkAccountStatus()).data
    assert.deepEqual([status.activated, status.validDid, status.indexedRecords], [true, true, 1])

    await agent.com.atproto.server.deactivateAccount({})
    const asleep = agentOf()
    const signedIn = await asleep.login({ identifier: handle, password: PASSWORD })
    assert.deepEqual([signedIn.data.active, signedIn.data.status], [false, 'deactivated'])
    await assert.rejects(() => asleep.post({ text: 'not now' }))
    assert.deepEqual((await other.com.atproto.sync.getRepoStatus({ did })).data, { did, active: false, status: 'deactivated' })
    await refused(() => other.com.atproto.sync.getRepo({ did }), 'RepoDeactivated')
    await asleep.com.atproto.server.activateAccount()
    await asleep.post({ text: 'awake' })
    assert.equal((await other.com.atproto.sync.getRepoStatus({ did })).data.active, true)
    await other.com.atproto.repo.getRecord(record)

    const { code } = await mailed(email, () => asleep.com.atproto.server.requestAccountDelete())
    const answer = { did, password: PASSWORD, token: code }
    await refused(() => other.com.atproto.server.deleteAccount({ ...answer, token: 'AAAAA-AAAAA' }), 'InvalidToken')
    await other.com.atproto.server.deleteAccount(answer)
    await refused(() => agentOf().login({ identifier: handle, password: PASSWORD }), 'AuthenticationRequired', 401)
    await assert.rejects(() => other.com.atproto.repo.getRecord(record))
    await refused(() => other.com.atproto.sync.getRepo({ did }), 'RepoNotFound')
    return { did }
  },

  // Preferences are kept, by the client's own helpers, and are the owner's alone.
  async preferences() {
    const { agent } = await person('prefs')
    await agent.setAdultContentEnabled(true)
    await agent.addMutedWord({ value: 'spoiler', targets: ['content'], actorTarget: 'all' })
    await agent.setPersonalDetails({ birthDate: new Date('1990-02-03') })
    const found = await agent.getPreferences()
    assert.equal(found.moderationPrefs.adultContentEnabled, true)
    assert.deepEqual(found.moderationPrefs.mutedWords.map((word) => word.value), ['spoiler'])
    assert.equal(found.birthDate.toISOString().slice(0, 10), '1990-02-03')
    return {}
  },

  // A token for another service is signed with the account's key, as that service checks it.
  async serviceAuth() {
    const { agent, did } = await person('feed')
    const lxm = 'app.bsky.feed.getFeedSkeleton'
    const { token } = (await agent.com.atproto.server.getServiceAuth({ aud: 'did:web:feed.test', lxm })).data
    const keyOf = (iss, refresh) => resolver.did.resolveAtprotoKey(iss, refresh)
    const payload = await xrpcServer.verifyJwt(token, 'did:web:feed.test', lxm, keyOf)
    assert.equal(payload.iss, did)
    await assert.rejects(() => xrpcServer.verifyJwt(token, 'did:web:other.test', lxm, keyOf))
    return {}
  },

  // The owner's own rotation key is put first in the directory, by an operation that the server signs for a mailed code.
  async directory() {
    const { agent, did, handle, email } = await person('owner')
    const methods = agent.com.atproto.identity
    const recommended = (await methods.getRecommendedDidCredentials()).data
    assert.deepEqual(recommended.alsoKnownAs, [`at://${handle}`])
    const recovery = await crypto.Secp256k1Keypair.create()
    const { code } = await mailed(email, () => methods.requestPlcOperationSignature())
    const rotationKeys = [recovery.did(), ...recommended.rotationKeys]
    const { operation } = (await methods.signPlcOperation({ token: code, rotationKeys })).data
    await methods.submitPlcOperation({ operation })
    const data = await (await fetch(`${plcUrl}/${did}/data`)).json()
    assert.deepEqual(data.rotationKeys, rotationKeys)
    await refused(() => methods.signPlcOperation({ token: code }), 'InvalidToken')
    return { did }
  },
}

console.log(JSON.stringify(await parts[part]()))
