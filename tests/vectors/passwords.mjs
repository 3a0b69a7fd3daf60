// Writes passwords.json: passwords with their hashes as bcryptjs makes them, in each of the spellings of other systems (PHP writes
// $2y$, Python and Node.js $2b$, older ones $2a$). The salts are fixed, so `npm ci && npm run make` gives the committed file again.
import { createHash } from 'node:crypto'
import bcrypt from 'bcryptjs'

const long = 'a long password that is cut where bcrypt cuts it, behind 72 bytes: here|' // 72 bytes
if (Buffer.byteLength(long) !== 72) throw new Error('not 72 bytes')

const vectors = []
function add(name, password, spelling = '2b', cost = 4) {
  const salt = createHash('sha256').update(`linnet's vectors, ${name}`).digest().subarray(0, 16)
  const setting = `$${spelling}$${String(cost).padStart(2, '0')}$${bcrypt.encodeBase64([...salt], 16)}`
  vectors.push({ name, password, hash: bcrypt.hashSync(password, setting) })
}

add('2a', 'correct horse battery staple', '2a')
add('2b', 'correct horse battery staple', '2b')
add('2y', 'correct horse battery staple', '2y')
add('cost 5', 'correct horse battery staple', '2b', 5)
add('cost 6', 'correct horse battery staple', '2y', 6)
add('cost 10', 'correct horse battery staple', '2a', 10)
add('short', 'x'.repeat(8))
add('unicode', 'Schlüssel für 𝕭crypt und ☃')
add('71 bytes', long.slice(0, 71))
add('72 bytes', long)
add('73 bytes', `${long}!`)
process.stdout.write(`${JSON.stringify(vectors, null, 2)}\n`)
