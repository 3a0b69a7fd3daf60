// What members of a thread show each other in passing: who is there, who is writing, and what the assistant is about to say.

import type {
  AssistantAnswerFieldsFragment as Answer,
  MessageFieldsFragment as Message,
  ThreadSignalFieldsFragment as Signal,
  UserFieldsFragment as User,
} from '@linnet/client';

/** For how long somebody is shown to be writing after they said so: they say it again every few seconds. */
export const TYPING_MS = 6_000;

export interface Signals {
  /** Who watches the thread, by their ids. */
  readonly present: Readonly<Record<string, User>>;
  /** When those who have left were last there, by their ids. */
  readonly lastSeen: Readonly<Record<string, string>>;
  /** Who is writing, and until when that is to be believed, by their ids. */
  readonly typing: Readonly<Record<string, { readonly user: User; readonly untilMs: number }>>;
  /** What the assistant has written so far, by the ids of the messages that it answers. */
  readonly writing: Readonly<Record<string, { readonly user: User; readonly text: string }>>;
  /** How far answers have come, where that is newer than what their messages say, by the ids of these. */
  readonly answers: Readonly<Record<string, Answer>>;
}

const ANSWERED: Answer = { status: 'ANSWERED', failure: null, retryAt: null };

export const NO_SIGNALS: Signals = { present: {}, lastSeen: {}, typing: {}, writing: {}, answers: {} };

/** Takes a signal in. Those of a kind that a newer server may have say nothing to this client. */
export function sense(signals: Signals, signal: Signal, nowMs: number): Signals {
  switch (signal.__typename) {
    case 'Presence': {
      const { user, online, lastSeenAt } = signal;
      if (online) return { ...signals, present: { ...signals.present, [user.id]: user } };
      const lastSeen = lastSeenAt === null ? signals.lastSeen : { ...signals.lastSeen, [user.id]: lastSeenAt };
      return { ...hush(signals, user.id), present: without(signals.present, user.id), lastSeen };
    }
    case 'Typing': {
      const typing = { ...signals.typing, [signal.user.id]: { user: signal.user, untilMs: nowMs + TYPING_MS } };
      return { ...signals, typing };
    }
    case 'AnswerWriting': {
      const { questionId, user, text } = signal;
      return { ...signals, writing: { ...signals.writing, [questionId]: { user, text } } };
    }
    case 'AnswerChanged': {
      const { questionId, status } = signal;
      const told = {
        ...signals,
        answers: { ...signals.answers, [questionId]: { status, failure: null, retryAt: null } },
      };
      return status === 'ANSWERING' ? told : { ...told, writing: without(told.writing, questionId) };
    }
    default:
      return signals;
  }
}

/** Somebody has said what they were writing. */
export function hush(signals: Signals, userId: string): Signals {
  return userId in signals.typing ? { ...signals, typing: without(signals.typing, userId) } : signals;
}

/** Nobody is believed for longer than they say. */
export function tire(signals: Signals, nowMs: number): Signals {
  const believed = Object.entries(signals.typing).filter(([, { untilMs }]) => untilMs > nowMs);
  if (believed.length === Object.keys(signals.typing).length) return signals;
  return { ...signals, typing: Object.fromEntries(believed) };
}

/** The assistant has said something: what it was seen to write of that is not shown twice. */
export function say(signals: Signals, { sender, parent, content }: Message): Signals {
  const said = Object.entries(signals.writing).filter(
    ([questionId, { user, text }]) =>
      user.id === sender?.id && (questionId === parent?.id || (content ?? '').startsWith(text.trimEnd())),
  );
  return said.length === 0
    ? signals
    : told(
        signals,
        said.map(([questionId]) => [questionId, ANSWERED]),
      );
}

/** How far answers have come, as the server says when it is asked. What is not being written (any more) is not shown to be. */
export function told(signals: Signals, answers: readonly (readonly [questionId: string, answer: Answer])[]): Signals {
  const writing = answers
    .filter(([, { status }]) => status !== 'ANSWERING')
    .reduce((rest, [questionId]) => without(rest, questionId), signals.writing);
  return { ...signals, writing, answers: { ...signals.answers, ...Object.fromEntries(answers) } };
}

/** The connection was cut: who is there is told anew. What the assistant has written so far stays until more of it comes. */
export function forget(signals: Signals): Signals {
  return { ...signals, present: {}, typing: {} };
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  const { [key]: _, ...rest } = record;
  return rest;
}
