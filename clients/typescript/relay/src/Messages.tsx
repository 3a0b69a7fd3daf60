import { newClientKey } from '@linnet/client';
import { useMemo } from 'react';
import { graphql, useMutation, usePaginationFragment, useSubscription } from 'react-relay';
import type { GraphQLSubscriptionConfig } from 'relay-runtime';

import type { Messages_thread$key } from './__generated__/Messages_thread.graphql';
import type { MessagesAddedSubscription } from './__generated__/MessagesAddedSubscription.graphql';
import type { MessagesPaginationQuery } from './__generated__/MessagesPaginationQuery.graphql';
import type { MessagesSendMutation } from './__generated__/MessagesSendMutation.graphql';

/** The messages of a thread, the newest page first, with those that come while one looks. */
export function Messages({ thread }: { thread: Messages_thread$key }) {
  const { data, hasPrevious, loadPrevious } = usePaginationFragment<MessagesPaginationQuery, Messages_thread$key>(
    graphql`
      fragment Messages_thread on Thread
      @refetchable(queryName: "MessagesPaginationQuery")
      @argumentDefinitions(count: { type: "Int", defaultValue: 50 }, before: { type: "Cursor" }) {
        id
        eventCursor
        messages(last: $count, before: $before) @connection(key: "Messages_messages") {
          __id
          edges {
            node {
              id
              content
              sender {
                username
              }
            }
          }
        }
      }
    `,
    thread,
  );
  const { id: threadId, eventCursor: after, messages } = data;

  const [send, isSending] = useMutation<MessagesSendMutation>(graphql`
    mutation MessagesSendMutation($input: MessageSendInput!) {
      messageSend(input: $input) {
        message {
          id
        }
        errors {
          code
          message
        }
      }
    }
  `);

  useSubscription(
    useMemo<GraphQLSubscriptionConfig<MessagesAddedSubscription>>(
      () => ({
        subscription: graphql`
          subscription MessagesAddedSubscription($threadId: ID!, $after: Cursor!, $connections: [ID!]!) {
            messageAdded(threadId: $threadId, after: $after) @appendEdge(connections: $connections) {
              cursor
              node {
                id
                content
                sender {
                  username
                }
              }
            }
          }
        `,
        variables: { threadId, after, connections: [messages.__id] },
      }),
      // From where the thread stood when it was first shown: the client goes on from there by itself.
      // eslint-disable-next-line react-hooks/exhaustive-deps
      [threadId, messages.__id],
    ),
  );

  return (
    <section>
      {hasPrevious && <button onClick={() => loadPrevious(50)}>Older</button>}
      <ol>
        {messages.edges.map(({ node }) => (
          <li key={node.id}>
            {node.sender?.username}: {node.content}
          </li>
        ))}
      </ol>
      <button
        disabled={isSending}
        onClick={() => send({ variables: { input: { threadId, content: 'Hello', clientKey: newClientKey() } } })}
      >
        Say hello
      </button>
    </section>
  );
}
