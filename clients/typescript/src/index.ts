export {
  createLinnet,
  newClientKey,
  type Linnet,
  type LinnetOptions,
  type MutationOptions,
  type RequestOptions,
  type SendOptions,
  type Sent,
} from './client.js';
export type { Operation } from './document.js';
export { LinnetError, type ErrorCode, type InputError, type ServerError } from './error.js';
export type { Way } from './line.js';
export type { Pace } from './pace.js';
export type { CalendarDate, Cursor, DateTime, JsonValue } from './scalars.js';
export type { WebSocketConstructor } from './socket.js';
export { memoryStorage, webStorage, type Tokens, type TokenStorage, type WebStorage } from './storage.js';
export type { Frame, Stream, StreamOptions, StreamStatus } from './stream.js';
export * from './generated/operations.js';
