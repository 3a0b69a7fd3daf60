import { createLinnet, type Linnet, type Operation } from '@linnet/client';
import {
  Environment,
  Network,
  Observable,
  RecordSource,
  Store,
  type GraphQLResponse,
  type Variables,
} from 'relay-runtime';

type Anything = Record<string, unknown>;

/** Relay on a client of Linnet: signing in, refreshing and going on after a cut are the client's. */
export function createEnvironment(linnet: Linnet = createLinnet({ url: '/graphql' })): Environment {
  const network = Network.create(
    async ({ text, operationKind }, variables) => {
      const operation = text as Operation<Anything, Variables>;
      const ask = operationKind === 'mutation' ? linnet.mutate.bind(linnet) : linnet.query.bind(linnet);
      return { data: await ask<Anything, Variables>(operation, variables) } as GraphQLResponse;
    },
    ({ text }, variables) =>
      Observable.create<GraphQLResponse>((sink) => {
        const field = /\{\s*(\w+)/.exec(text ?? '')?.[1] ?? '';
        const stream = linnet.stream<Anything, Variables>(text as Operation<Anything, Variables>, variables);
        const read = async (): Promise<void> => {
          for await (const frame of stream) sink.next({ data: { [field]: frame } } as GraphQLResponse);
        };
        read().then(sink.complete, sink.error);
        return () => void stream.return();
      }),
  );
  return new Environment({ network, store: new Store(new RecordSource()) });
}
