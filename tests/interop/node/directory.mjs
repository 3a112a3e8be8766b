// Runs the PLC directory's own server on loopback, with its database in memory, until standard input ends.
// Prints one line of JSON, {"url": …}, when it answers.
import plc from '@did-plc/server'

// The package is CommonJS, of which node sees some names only so.
const { Database, PlcServer } = plc

const directory = PlcServer.create({ db: Database.mock(), port: 0 })
const server = await directory.start()
process.stdout.write(JSON.stringify({ url: `http://localhost:${server.address().port}` }) + '\n')
process.stdin.resume()
process.stdin.on('end', async () => {
  await directory.destroy()
  process.exit(0)
})
