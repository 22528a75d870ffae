// Answers a client with what another address says (xinetd's redirect): connects there, then the addon copies.
import type { Failure } from '../model/event.ts';
import { peerOf } from '../model/record.ts';
import { SystemError } from '../native/addon.ts';
import { type FlowEnd, relayOf } from '../native/relay.ts';
import { sayAndClose } from './builtin/parting.ts';
import { type Outcome as RelayOutcome, reportBuiltin } from './builtin/report.ts';
import { connectFirst, type Outcome } from './connect.ts';
import type { Start } from './surface.ts';

const noWords = new Uint8Array(0);

/** What all attempts met with, as one; the code is the last one's. */
const sumUp = (failures: readonly SystemError[], id: string): Failure => ({
  code: failures.at(-1)?.code ?? 'EADDRNOTAVAIL',
  what:
    failures.length === 0
      ? `${id} has no address to connect to`
      : failures.map(({ message }) => message).join('; '),
});

const isShortage = ({ code }: SystemError): boolean =>
  ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'].includes(code);

/** Where there are no descriptors at the start it throws, as where no process can be made. */
export const startRelay: Start = (surface, prepared, client, onEnded) => {
  const { kernel, observer } = surface;
  const { id, answer, targets, socket } = prepared.service;
  if (answer.kind !== 'relay') throw new Error(`${id} is no relay`);
  const relay = relayOf(kernel);
  let { descriptor } = client;
  let stopNow = (): void => undefined;
  let isStopped = false;

  // most often the outcome is there before it is waited for
  const outcomes: Outcome[] = [];
  let onOutcome = (outcome: Outcome): void => void outcomes.push(outcome);
  const abandon = connectFirst(surface, targets, answer.connectTimeout, (outcome) => onOutcome(outcome));
  const [first] = outcomes;
  const shortage = first?.kind === 'failed' ? first.failures.find(isShortage) : undefined;
  if (shortage !== undefined) throw shortage;

  const report = reportBuiltin(surface, prepared, client.record);
  const finish = (outcome: RelayOutcome): void => {
    stopNow = () => undefined;
    report(outcome);
    // the caller is still starting us when all went at once
    queueMicrotask(onEnded);
  };
  const fail = (failure: Failure): void => {
    const peer = peerOf(client.record);
    observer.observe({ kind: 'start-failed', service: id, pid: undefined, failure, peer });
    finish('error');
  };
  const onFlowEnded = ({ failure, takenFromFirst, givenToFirst }: FlowEnd): void => {
    if (observer.isWanted('relayed')) {
      const peer = peerOf(client.record);
      observer.observe({
        kind: 'relayed',
        service: id,
        peer,
        bytesIn: takenFromFirst,
        bytesOut: givenToFirst,
      });
    }
    finish(failure === undefined || isStopped ? 'ended' : 'error');
  };
  const proceed = (outcome: Outcome): void => {
    if (outcome.kind === 'failed') {
      sayAndClose(kernel, descriptor, noWords);
      fail(sumUp(outcome.failures, id));
      return;
    }
    // a listener's own is inherited by its connections
    if (socket.keepAlive) kernel.setOption(outcome.descriptor, 'SO_KEEPALIVE', 1);
    try {
      stopNow = relay.join(descriptor, outcome.descriptor, onFlowEnded).stop;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      fail({ code: error.code, what: error.message });
    }
  };

  if (first !== undefined) {
    proceed(first);
  } else {
    descriptor = kernel.tryRaise(descriptor);
    onOutcome = proceed;
    stopNow = () => {
      abandon();
      kernel.close(descriptor);
      finish('ended');
    };
  }
  const stop = (): void => {
    isStopped = true;
    stopNow();
  };
  return { kind: 'builtin', stop };
};
