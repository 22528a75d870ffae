// The datagram built-ins: each question answered with one datagram, from the address that was asked.
import { networkInterfaces } from 'node:os';
import type { Peer } from '../../model/address.ts';
import { type Milliseconds, seconds } from '../../model/quantity.ts';
import { peerOf } from '../../model/record.ts';
import type { Answer, ResolvedService } from '../../model/service.ts';
import type { ServeDatagrams, Surface } from '../surface.ts';
import { chargenLine } from './chargen.ts';
import { daytimeReply } from './daytime.ts';
import { createLoopGuard, type Interfaces } from './loop-guard.ts';
import { timeReply } from './time.ts';

/** What is answered before others have their turn; the readiness is level-triggered and comes back. */
const batch = 16;
/** More than a datagram can hold (65,507 bytes over IPv4, 65,527 over IPv6): nothing is cut. */
const roomLength = 65_536;
/** Between two reports of refused sources of one service. */
const reportPause = seconds(10);

type Builtin = Extract<Answer, { readonly kind: 'builtin' }>;

type RefusalCount = { reportedAt: Milliseconds; suppressed: number };

/** Says at most once in a while that a source was refused, and how many went unsaid before. */
const createRefusalReport = (): ((surface: Surface, service: ResolvedService, peer: Peer) => void) => {
  const counts = new WeakMap<ResolvedService, RefusalCount>();
  return ({ observer, clock }, service, peer) => {
    if (!observer.isWanted('loop-source-refused')) return;
    const count = counts.get(service);
    const now = clock.now();
    if (count !== undefined && now - count.reportedAt < reportPause) {
      count.suppressed++;
      return;
    }
    const suppressed = count?.suppressed ?? 0;
    observer.observe({ kind: 'loop-source-refused', service: service.id, peer, suppressed });
    counts.set(service, { reportedAt: now, suppressed: 0 });
  };
};

/** A question is an event only where a service keeps a log of who was served: there may be very many. */
const reportQuestion = ({ observer }: Surface, { id, serviceLog }: ResolvedService, peer: Peer): void => {
  if (serviceLog === undefined || serviceLog.onSuccess.length === 0) return;
  if (observer.isWanted('accepted')) observer.observe({ kind: 'accepted', service: id, count: 1 });
  if (observer.isWanted('builtin-started')) observer.observe({ kind: 'builtin-started', service: id, peer });
};

const readInterfaces = (): Interfaces => {
  try {
    return networkInterfaces();
  } catch {
    // where the kernel does not let us ask (a seccomp filter without netlink), the fixed rules remain
    return {};
  }
};

export const createDatagramBuiltins = (): ServeDatagrams => {
  const isLoopSource = createLoopGuard(readInterfaces);
  const reportRefusal = createRefusalReport();
  // one for all services, as in every inetd: it moves on with each question
  let chargenStart = 0;
  let room: Uint8Array | undefined;

  const replyOf = (
    { builtin, format }: Builtin,
    question: Uint8Array,
    surface: Surface,
  ): Uint8Array | undefined => {
    switch (builtin) {
      case 'echo':
        return question;
      case 'chargen':
        return chargenLine(chargenStart++, format);
      case 'daytime':
        return daytimeReply(surface.clock.wallClock(), format);
      case 'time':
        return timeReply(surface.clock.wallClock());
      case 'discard':
      // those two speak only over streams; the configuration refuses them here
      case 'tcpmux':
      case 'ident':
        return undefined;
    }
  };

  return (surface, prepared, listener) => {
    const { service } = prepared;
    const { kernel, clock } = surface;
    if (service.answer.kind !== 'builtin') throw new Error(`${service.id} is no built-in`);
    const { answer } = service;
    room ??= new Uint8Array(roomLength);
    for (let count = 0; count < batch; count++) {
      const received = kernel.receive(listener, room, 'take');
      if (received === undefined) return;
      if (!surface.mayAnswer(prepared, received.record)) continue;
      const peer = peerOf(received.record);
      if (peer.kind !== 'internet') continue;
      // nobody hears an answer of discard, so nobody can answer it
      if (answer.builtin === 'discard') {
        reportQuestion(surface, service, peer);
        continue;
      }
      if (isLoopSource(peer, surface.internalDatagramPorts(), clock.now())) {
        reportRefusal(surface, service, peer);
        continue;
      }
      reportQuestion(surface, service, peer);
      const reply = replyOf(answer, room.subarray(0, received.length), surface);
      // what the kernel does not take is lost, as datagrams may be; also the answer to a broadcast, which has no one sender
      if (reply !== undefined) kernel.send(listener, reply, received.record);
    }
  };
};

export const serveBuiltinDatagrams: ServeDatagrams = createDatagramBuiltins();
