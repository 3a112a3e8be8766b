// Runs the reference server on the PDS_* settings in the environment, as its own distribution does.
//
//     node reference.mjs                 serve until SIGTERM
//     node reference.mjs --facts FILE…   print its versions, and how each database would be opened, as JSON
//
// REFERENCE_SYNCHRONOUS sets SQLite's `synchronous` in all its databases. Without it they have what the driver, as it is
// built, gives them.

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

function open(file) {
  const Database = require('better-sqlite3')
  const database = new Database(file)
  const setting = process.env.REFERENCE_SYNCHRONOUS
  if (setting) database.pragma(`synchronous = ${setting}`)
  return database
}

function facts(files) {
  const databases = files.map((file) => {
    const database = open(file)
    // The driver's default for a database in WAL mode counts once something has been read.
    database.prepare('SELECT count(*) FROM sqlite_master').get()
    const [journal, synchronous] = ['journal_mode', 'synchronous'].map((name) => database.pragma(name, { simple: true }))
    database.close()
    return { file, journal, synchronous }
  })
  const sqlite = open(':memory:').prepare('SELECT sqlite_version()').pluck().get()
  return { version: require('@atproto/pds/package.json').version, node: process.version, sqlite, databases }
}

async function serve() {
  const driver = require.resolve('better-sqlite3')
  if (process.env.REFERENCE_SYNCHRONOUS) {
    const Database = require(driver)
    require.cache[driver].exports = new Proxy(Database, {
      construct(target, args) {
        const database = new target(...args)
        database.pragma(`synchronous = ${process.env.REFERENCE_SYNCHRONOUS}`)
        return database
      },
    })
  }
  const { PDS, envToCfg, envToSecrets, readEnv } = require('@atproto/pds')
  const env = readEnv()
  const server = await PDS.create(envToCfg(env), envToSecrets(env))
  await server.start()
  process.on('SIGTERM', async () => {
    await server.destroy()
    process.exit(0)
  })
}

if (process.argv[2] === '--facts') console.log(JSON.stringify(facts(process.argv.slice(3))))
else await serve()
