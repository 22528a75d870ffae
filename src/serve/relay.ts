// Answers a client with what another address says (xinetd's redirect): connects there, then the addon copies.
import type { Descriptor } from '../model/descriptor.ts';
import type { Failure } from '../model/event.ts';
import { familyOf, peerOf } from '../model/record.ts';
import { SystemError } from '../native/addon.ts';
import { inspectSocket } from '../native/inspect.ts';
import type { Accepted, Kernel } from '../native/kernel.ts';
import { localOf } from '../native/local-end.ts';
import { type Flow, type FlowEnd, relayOf } from '../native/relay.ts';
import { type RelayAnswer, reachTarget } from './backend.ts';
import { sayAndClose } from './builtin/parting.ts';
import { type Outcome as RelayOutcome, reportBuiltin } from './builtin/report.ts';
import type { Outcome } from './connect.ts';
import { proxyHeader } from './proxy-header.ts';
import { endWhenQuiet } from './quiet-flow.ts';
import { nothing } from './steps.ts';
import type { Start, Surface, Talk, TalkRest } from './surface.ts';
import { waitWithClient } from './waiting-client.ts';

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

/** A fresh connection has room for it: where it is not taken whole, the server is gone. */
const sayHeader = (
  kernel: Kernel,
  version: NonNullable<RelayAnswer['proxyHeader']>,
  { descriptor, record }: Accepted,
  target: Descriptor,
): Failure | undefined => {
  const found = familyOf(record) === 1 ? inspectSocket(descriptor) : undefined;
  const path = typeof found === 'object' ? found.place : '';
  const header = proxyHeader(version, { record: localOf(descriptor, record), path });
  if (kernel.write(target, header) === header.length) return undefined;
  return { code: 'EPIPE', what: 'cannot tell the server about its client: it has closed the connection' };
};

/** What the flow of a service is bounded by, until it has ended. */
const watchFlow = (
  { clock }: Surface,
  { idleTimeout }: RelayAnswer,
  flow: Flow,
  onQuiet: () => void,
): (() => void) => (idleTimeout === undefined ? nothing : endWhenQuiet(clock, idleTimeout, flow, onQuiet));

/** Where there are no descriptors at the start it throws, as where no process can be made. */
export const startRelay: Start = (surface, prepared, client, onEnded, saved) => {
  const { kernel, observer } = surface;
  const { id, answer, socket } = prepared.service;
  if (answer.kind !== 'relay') throw new Error(`${id} is no relay`);
  const relay = relayOf(kernel);
  let { descriptor } = client;
  let stopNow = nothing;
  let isStopped = false;
  let isQuiet = false;
  let flow: Flow | undefined;
  const startedAt = saved?.startedAt ?? surface.clock.now();
  const begun = saved?.rest.kind === 'flow' ? saved.rest.flow : undefined;

  // most often the outcome is there before it is waited for
  const outcomes: { readonly outcome: Outcome; readonly release: () => void }[] = [];
  let onOutcome = (outcome: Outcome, release: () => void): void => void outcomes.push({ outcome, release });
  const abandon =
    begun === undefined
      ? reachTarget(surface, prepared, answer, (outcome, release) => onOutcome(outcome, release))
      : nothing;
  const [first] = outcomes;
  const shortage = first?.outcome.kind === 'failed' ? first.outcome.failures.find(isShortage) : undefined;
  if (shortage !== undefined) {
    first?.release();
    throw shortage;
  }

  const report = reportBuiltin(surface, prepared, client.record, saved?.startedAt);
  let isOver = false;
  const finish = (outcome: RelayOutcome): void => {
    isOver = true;
    stopNow = nothing;
    report(outcome);
    // the caller is still starting us when all went at once
    queueMicrotask(onEnded);
  };
  const fail = (failure: Failure): void => {
    const peer = peerOf(client.record);
    observer.observe({ kind: 'start-failed', service: id, pid: undefined, failure, peer, isBegun: true });
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
    if (isQuiet) finish('timeout');
    else finish(failure === undefined || isStopped ? 'ended' : 'error');
  };
  const turnAway = (failure: Failure, release: () => void): void => {
    sayAndClose(kernel, descriptor, noWords);
    release();
    fail(failure);
  };
  const join = (begin: (onEnd: (end: FlowEnd) => void) => Flow, release: () => void): void => {
    let stopWatching = nothing;
    try {
      const joined = begin((end) => {
        stopWatching();
        release();
        onFlowEnded(end);
      });
      flow = joined;
      stopNow = joined.stop;
      stopWatching = watchFlow(surface, answer, joined, () => {
        isQuiet = true;
      });
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      release();
      fail({ code: error.code, what: error.message });
    }
  };
  const proceed = (outcome: Outcome, release: () => void): void => {
    if (outcome.kind !== 'connected') {
      turnAway(outcome.kind === 'down' ? outcome.failure : sumUp(outcome.failures, id), release);
      return;
    }
    const target = outcome.descriptor;
    // a listener's own is inherited by its connections
    if (socket.keepAlive) kernel.setOption(target, 'SO_KEEPALIVE', 1);
    const { proxyHeader: version } = answer;
    const failure =
      version === undefined
        ? undefined
        : sayHeader(kernel, version, { descriptor, record: client.record }, target);
    if (failure === undefined) {
      join((onEnd) => relay.join(descriptor, target, onEnd), release);
    } else {
      kernel.close(target);
      turnAway(failure, release);
    }
  };

  if (begun !== undefined) {
    join(
      (onEnd) => relay.restore(begun, onEnd),
      answer.backend === undefined ? nothing : surface.backends.hold(prepared),
    );
  } else if (first !== undefined) {
    proceed(first.outcome, first.release);
  } else {
    descriptor = kernel.tryRaise(descriptor);
    let endWait = nothing;
    const giveUp = (): void => {
      endWait();
      abandon();
      kernel.close(descriptor);
      finish('ended');
    };
    stopNow = giveUp;
    onOutcome = (outcome, release) => {
      endWait();
      proceed(outcome, release);
    };
    if (answer.backend !== undefined)
      endWait = waitWithClient(surface, prepared, { descriptor, record: client.record }, giveUp);
  }
  const stop = (): void => {
    isStopped = true;
    stopNow();
  };
  // it goes on until the last moment, and what is under way goes along
  const talk: Talk = {
    service: prepared.service,
    pause: nothing,
    isSettled: () => true,
    resume: nothing,
    save: () => {
      const on = flow?.save();
      if (isOver || (flow !== undefined && on === undefined)) return undefined;
      const rest: TalkRest = on === undefined ? { kind: 'begin' } : { kind: 'flow', flow: on };
      return { startedAt, client: { descriptor, record: client.record }, rest };
    },
  };
  return { kind: 'builtin', stop, talk };
};
