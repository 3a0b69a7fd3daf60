// Writes wallets.json: messages as viem makes them (EIP-4361), signed as ethers does (EIP-191), and what can be wrong with
// both. Everything is deterministic, so `npm ci && npm run make` gives the committed file again.
import { SigningKey, Signature, Wallet, getAddress, hashMessage, hexlify, id, keccak256, toUtf8Bytes } from 'ethers'
import { recoverMessageAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { createSiweMessage } from 'viem/siwe'

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const keys = [1, 2].map((number) => id(`linnet's vectors, key ${number}`))
const [wallet, other] = keys.map((key) => new Wallet(key))

const usual = {
  address: wallet.address,
  chainId: 1,
  domain: 'chat.example.org',
  uri: 'https://chat.example.org',
  statement: 'Sign in with this wallet.',
  version: '1',
  issuedAt: new Date('2040-01-01T12:00:00.000Z'),
  expirationTime: new Date('2040-01-01T12:05:00.000Z'),
}
const hex = (number) => '0x' + number.toString(16).padStart(64, '0')
const joined = (r, s, v) => '0x' + r.slice(2) + s.slice(2) + v.toString(16).padStart(2, '0')

const cases = []
// A case has the message that the server gave, the one that comes back (the same, unless `change` says otherwise), a
// signature, and the field that is wrong, if any.
async function add(name, wrong, { change = {}, text = (message) => message, by = wallet, signature } = {}) {
  const nonce = id(name).slice(2, 34)
  const given = createSiweMessage({ ...usual, nonce })
  const message = text(createSiweMessage({ ...usual, nonce, ...change }))
  const usually = Signature.from(await by.signMessage(message))
  const signed = signature ? await signature(usually, message) : usually.serialized
  cases.push({ name, nonce, given, message, signature: signed, wrong })
  if (wrong === null || (wrong === 'message' && !signature)) {
    // What is said to be signed well has to be so by another library, too.
    const recovered = await recoverMessageAddress({ message, signature: signed })
    if (recovered !== by.address) throw new Error(`${name}: signed by ${recovered}`)
  }
}

await add('good', null)
await add('good, in upper case', null, { signature: (s) => '0x' + s.serialized.slice(2).toUpperCase() })
await add('signed by viem', null, { signature: (_, message) => privateKeyToAccount(keys[0]).signMessage({ message }) })

await add('another domain', 'message', { change: { domain: 'chat.example.com' } })
await add('another scheme', 'message', { change: { scheme: 'http' } })
await add('another URI', 'message', { change: { uri: 'https://chat.example.com' } })
await add('another chain', 'message', { change: { chainId: 10 } })
await add('another statement', 'message', { change: { statement: 'Sign in with this wallet!' } })
await add('no statement', 'message', { change: { statement: undefined } })
await add('another wallet', 'message', { change: { address: other.address }, by: other })
await add('a nonce of nobody', 'message', { change: { nonce: id('nobody').slice(2, 34) } })
await add('an address in lower case', 'message', { text: (m) => m.replace(wallet.address, wallet.address.toLowerCase()) })
await add('expired before', 'message', { change: { expirationTime: new Date('2040-01-01T11:00:00.000Z') } })
await add('a later expiry', 'message', { change: { expirationTime: new Date('2050-01-01T00:00:00.000Z') } })
await add('not yet valid', 'message', { change: { notBefore: new Date('2040-01-01T12:04:59.000Z') } })
await add('issued later', 'message', { change: { issuedAt: new Date('2040-01-01T12:04:59.000Z') } })
await add('with a request', 'message', { change: { requestId: 'request' } })
await add('with a resource', 'message', { change: { resources: ['https://chat.example.org/all'] } })
await add('a line more', 'message', { text: (message) => message + '\n' })
await add('lines of Windows', 'message', { text: (message) => message.replaceAll('\n', '\r\n') })
await add('without its nonce', 'message', { text: (message) => message.replace(/\nNonce: .*/, '') })
await add('nothing', 'message', { text: () => '' })

await add('signed by another', 'signature', { by: other })
await add('signed before it was changed', 'signature', {
  signature: (_, message) => wallet.signMessage(message.replace('chat.example.org', 'chat.example.com')),
})
await add('without the prefix of EIP-191', 'signature', {
  signature: (_, message) => new SigningKey(keys[0]).sign(keccak256(toUtf8Bytes(message))).serialized,
})
await add('hashed twice', 'signature', {
  signature: (_, message) => new SigningKey(keys[0]).sign(keccak256(hashMessage(message))).serialized,
})
// The same signature in its other form: whoever takes both lets anybody make a second one of a first.
await add('a high s', 'signature', { signature: (s) => joined(s.r, hex(ORDER - BigInt(s.s)), s.v === 27 ? 28 : 27) })
await add('a high s with the v of the low one', 'signature', {
  signature: (s) => joined(s.r, hex(ORDER - BigInt(s.s)), s.v),
})
await add('the other v', 'signature', { signature: (s) => joined(s.r, s.s, s.v === 27 ? 28 : 27) })
for (const [name, v] of [
  ['v as a bit', (s) => s.yParity],
  ['v of a reduced x', (s) => s.v + 2],
  ['v of EIP-155', (s) => s.v + 10],
  ['no v', () => 255],
]) {
  await add(name, 'signature', { signature: (s) => joined(s.r, s.s, v(s)) })
}
await add('r of zero', 'signature', { signature: (s) => joined(hex(0n), s.s, s.v) })
await add('s of zero', 'signature', { signature: (s) => joined(s.r, hex(0n), s.v) })
await add('r of the order', 'signature', { signature: (s) => joined(hex(ORDER), s.s, s.v) })
await add('r of no point', 'signature', { signature: (s) => joined(hex(5n), s.s, s.v) })
await add('compact, as EIP-2098', 'signature', { signature: (s) => s.compactSerialized })
await add('a byte too long', 'signature', { signature: (s) => s.serialized + '00' })
await add('half a byte too short', 'signature', { signature: (s) => s.serialized.slice(0, -1) })
await add('without 0x', 'signature', { signature: (s) => s.serialized.slice(2) })
await add('no hexadecimal', 'signature', { signature: (s) => s.serialized.slice(0, -1) + 'g' })
await add('not of ASCII', 'signature', { signature: (s) => '0x' + 'é'.repeat(65) })
await add('empty', 'signature', { signature: () => '' })

const checksums = [...keys.map((key) => new Wallet(key).address), ...[1, 2, 3, 4, 5, 6, 7, 8].map((number) => {
  return getAddress(hexlify(id(`linnet's vectors, address ${number}`)).slice(0, 42))
})]
// Those of the specification: all capitals, all small letters, and both.
checksums.push('0x52908400098527886E0F7030069857D2E4169EE7', '0xde709f2102306220921060314715629080e2fb77')
checksums.push('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb')
if (checksums.some((address) => getAddress(address.toLowerCase()) !== address)) throw new Error('a checksum is wrong')

console.log(JSON.stringify({
  keys: keys.map((key, nth) => ({ key, address: [wallet, other][nth].address })),
  domain: usual.domain,
  uri: usual.uri,
  chainId: usual.chainId,
  issuedAt: usual.issuedAt,
  expiresAt: usual.expirationTime,
  checksums,
  cases,
}, null, 2))
