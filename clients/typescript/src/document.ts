import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
import { print, type DocumentNode } from 'graphql';

/**
 * An operation that knows the types of its answer and of its variables: a `TypedDocumentNode`, or the text that graphql-codegen
 * makes with `documentMode: 'string'`. A plain text will do, too: then say the types yourself.
 */
export type Operation<R, V> = DocumentTypeDecoration<R, V> | string;

/** The variables, which may be left out where all of them may be, and what else there is to say. */
export type Rest<V, O> = Record<string, never> extends V ? [variables?: V, options?: O] : [variables: V, options?: O];

/** What is asked of the server. */
export interface Asked {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The request that an operation makes with its variables. */
export function asked<R, V>(operation: Operation<R, V>, variables: V | undefined): Asked {
  const isNode = typeof operation === 'object' && 'kind' in operation;
  const query = isNode ? print(operation as unknown as DocumentNode) : String(operation);
  return { query, variables: { ...(variables as Record<string, unknown> | undefined) } };
}
