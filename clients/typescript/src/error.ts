/** What can be wrong. The first are the server's `extensions.code`; the last five are this client's own. May grow. */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'INVALID'
  | 'TOO_EXPENSIVE'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'INTERNAL'
  | 'ACCESS_REVOKED'
  | 'STREAM_RESET'
  | 'TOO_MANY_OPERATIONS'
  | 'NETWORK'
  | 'TIMEOUT'
  | 'ABORTED'
  | 'PROTOCOL'
  | 'CLOSED'
  | (string & {});

/** An error as the server tells it. */
export interface ServerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string; readonly retryAfterMs?: number; readonly requestId?: string };
}

/** What was wrong with a mutation's input, as its payload tells it. */
export interface InputError {
  readonly code: string;
  readonly message: string;
  readonly path: readonly string[];
}

interface Details {
  readonly errors?: readonly ServerError[];
  readonly inputErrors?: readonly InputError[];
  readonly retryAfterMs?: number | undefined;
  readonly data?: unknown;
  readonly cause?: unknown;
}

/** Whatever goes wrong. Decide by `code`, never by the message. */
export class LinnetError extends Error {
  override readonly name = 'LinnetError';
  readonly code: ErrorCode;
  /** What the server said, where it said it. */
  readonly errors: readonly ServerError[];
  /** What was wrong with the input, where a method of this client stands for a mutation; `code` is that of the first. */
  readonly inputErrors: readonly InputError[];
  /** When to come again, if the server knows. */
  readonly retryAfterMs: number | undefined;
  /** What the server's log knows the request by. */
  readonly requestId: string | undefined;
  /** What there is of an answer beside its errors. */
  readonly data: unknown;

  constructor(code: ErrorCode, message: string, details: Details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    const first = details.errors?.[0]?.extensions;
    this.code = code;
    this.errors = details.errors ?? [];
    this.inputErrors = details.inputErrors ?? [];
    this.retryAfterMs = details.retryAfterMs ?? first?.retryAfterMs;
    this.requestId = first?.requestId;
    this.data = details.data;
  }

  /** Whether the same may work later, unchanged. */
  get isTransient(): boolean {
    return TRANSIENT.has(this.code);
  }

  /** Of what the server told. */
  static told(errors: readonly ServerError[], details: Details = {}): LinnetError {
    const first = errors[0];
    return new LinnetError(first?.extensions?.code ?? 'INTERNAL', first?.message ?? 'The server failed.', {
      ...details,
      errors,
    });
  }

  /** Of what was wrong with an input. */
  static refused(inputErrors: readonly InputError[]): LinnetError {
    const first = inputErrors[0];
    return new LinnetError(first?.code ?? 'INVALID', first?.message ?? 'The server refused the input.', {
      inputErrors,
    });
  }

  /** Of whatever was thrown while the server was being asked. */
  static of(cause: unknown): LinnetError {
    if (cause instanceof LinnetError) return cause;
    return new LinnetError('NETWORK', `The server could not be reached: ${String(cause)}`, { cause });
  }
}

const TRANSIENT = new Set<ErrorCode>(['NETWORK', 'TIMEOUT', 'UNAVAILABLE', 'RATE_LIMITED']);
