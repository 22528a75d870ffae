// What is asked about a client: names and addresses of the name service, the user of its own machine.
import type { Facts, Question } from '../admission/facts.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Milliseconds, seconds } from '../model/quantity.ts';
import { type ConnectionRecord, peerOf } from '../model/record.ts';
import { SystemError } from '../native/addon.ts';
import type { Accepted } from '../native/kernel.ts';
import { localOf } from '../native/local-end.ts';
import { createIdent } from './ident.ts';
import { createNames } from './names.ts';
import type { RunningService, Runtime } from './running.ts';

/** How long a client that must be identified may wait for it. */
const identLimit: Milliseconds = seconds(10);

const withAnswer = (facts: Facts, question: Question, answer: string | null | readonly string[]): Facts => {
  switch (question.kind) {
    case 'name':
      return { ...facts, name: typeof answer === 'string' ? answer : null };
    case 'user':
      return { ...facts, user: typeof answer === 'string' ? answer : null };
    case 'addresses': {
      const addresses = typeof answer === 'string' || answer === null ? [] : answer;
      return { ...facts, addresses: new Map([...facts.addresses, [question.of, addresses]]) };
    }
  }
};

export const createQuestions = ({ clock, observer }: Pick<Runtime, 'kernel' | 'clock' | 'observer'>) => {
  const names = createNames({ clock });
  const ident = createIdent({ clock });

  /** The facts with the answer, where it is known already. */
  const known = (question: Question, record: ConnectionRecord, facts: Facts): Facts | undefined => {
    if (question.kind === 'user') return undefined;
    const answer = names.known(question, record);
    return answer === undefined ? undefined : withAnswer(facts, question, answer);
  };

  /** The facts with the answer; `connection` is the client's, where it has one; undefined where nobody has answered in time. */
  const ask = async (
    question: Question,
    record: ConnectionRecord,
    connection: Descriptor | undefined,
    facts: Facts,
  ): Promise<Facts | undefined> => {
    if (question.kind === 'user') {
      // who sends a datagram has no connection that its machine could know
      if (connection === undefined) return withAnswer(facts, question, null);
      const answer = await ident.ask(prepare({ descriptor: connection, record }), identLimit);
      return withAnswer(facts, question, 'user' in answer ? answer.user : null);
    }
    const answer = await names.ask(question, record);
    return answer === 'unanswered' ? undefined : withAnswer(facts, question, answer.value);
  };

  /** Both ends of a connection, for a question that is asked when its descriptor has gone to the handler. */
  const prepare = ({ descriptor, record }: Accepted): ConnectionRecord => {
    try {
      return localOf(descriptor, record);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      // the client has gone: nobody will be able to say who it was
      return record;
    }
  };

  /** Asks who the client's user is and tells the observers; `pid` is that of its handler. */
  const tell = async (
    service: RunningService,
    record: ConnectionRecord,
    pid: number | undefined,
  ): Promise<boolean> => {
    const answer = await ident.ask(record, identLimit);
    const { id } = service.prepared.service;
    const peer = peerOf(record);
    if ('user' in answer) observer.observe({ kind: 'identified', service: id, pid, peer, user: answer.user });
    else observer.observe({ kind: 'unidentified', service: id, peer, why: answer.why });
    return 'user' in answer;
  };

  /** The facts with the addresses of a name, where they are known already. */
  const knownAddresses = (name: string, facts: Facts): Facts | undefined => {
    const addresses = names.knownAddresses(name);
    return addresses && withAnswer(facts, { kind: 'addresses', of: name }, addresses);
  };

  /** The same, when they are; undefined where nobody has answered in time. */
  const askAddresses = async (name: string, facts: Facts): Promise<Facts | undefined> => {
    const addresses = await names.askAddresses(name);
    return addresses && withAnswer(facts, { kind: 'addresses', of: name }, addresses);
  };

  return { known, ask, knownAddresses, askAddresses, prepare, tell };
};

export type Questions = ReturnType<typeof createQuestions>;
