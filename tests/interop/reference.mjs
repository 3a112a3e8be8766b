// Runs the reference server on loopback until its standard input ends. Settings come as PDS_* in the environment.
// Prints one line of JSON, {"url": …}, when it answers. Each mail becomes a line of JSON in the file MAILS names.
import { appendFileSync } from 'node:fs'
import { PDS, envToCfg, envToSecrets, readEnv } from '@atproto/pds'

const env = readEnv()
const pds = await PDS.create(envToCfg(env), envToSecrets(env))
for (const mailer of [pds.ctx.mailer, pds.ctx.moderationMailer]) {
  mailer.transporter.sendMail = async (mail) => {
    appendFileSync(process.env.MAILS, JSON.stringify({ to: mail.to, subject: mail.subject, html: mail.html }) + '\n')
  }
}
const server = await pds.start()
process.stdout.write(JSON.stringify({ url: `http://localhost:${server.address().port}` }) + '\n')
process.stdin.resume()
process.stdin.on('end', async () => {
  await pds.destroy()
  process.exit(0)
})
