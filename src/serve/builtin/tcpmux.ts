// tcpmux (RFC 1078): many services on one port, asked for by name in the first line.
import { escapeControls } from '../../model/diagnostic.ts';
import { milliseconds, seconds } from '../../model/quantity.ts';
import { peerOf } from '../../model/record.ts';
import { SystemError } from '../../native/addon.ts';
import type { Accepted, Kernel } from '../../native/kernel.ts';
import type { MuxMember, Prepared, Start, Surface, Talk } from '../surface.ts';
import { createNameReader } from './mux-name.ts';
import { sayAndClose } from './parting.ts';
import { type Outcome, reportBuiltin } from './report.ts';

const nameLimit = seconds(10);
/** For a CR whose LF travels in a packet of its own; some clients send none. */
const linefeedLimit = milliseconds(200);
const longestShown = 64;

const go = Buffer.from('+Go\r\n');
const notAvailable = Buffer.from('-Service not available\r\n');

const listOf = (members: readonly MuxMember[]): Uint8Array =>
  Buffer.from(members.map((member) => `${member.name}\r\n`).join(''));

/** What a client of a member is told before its answer, or in place of it. */
export const mannerOf = (kernel: Kernel, { saysGo }: MuxMember): Parameters<Surface['enterMember']>[2] => ({
  through: 'mux',
  greet: ({ descriptor }) => {
    if (saysGo) kernel.write(descriptor, go);
  },
  onRefused: ({ descriptor }) => sayAndClose(kernel, descriptor, notAvailable),
});

/** Gives a client to the member it asked for, or tells it that there is none. */
const enter = (surface: Surface, prepared: Prepared, client: Accepted, requested: string): Outcome => {
  const { kernel, observer } = surface;
  const name = requested.toLowerCase();
  const members = surface.muxMembers();
  if (name === 'help') return sayAndClose(kernel, client.descriptor, listOf(members)) ? 'ended' : 'error';
  const member = members.find((each) => each.name.toLowerCase() === name);
  if (member !== undefined) {
    // what becomes of it is the member's business from here on, and may take a while
    surface.enterMember(member, client, mannerOf(kernel, member));
    return 'ended';
  }
  if (observer.isWanted('mux-refused')) {
    const shown = escapeControls(requested).slice(0, longestShown);
    const peer = peerOf(client.record);
    observer.observe({ kind: 'mux-refused', service: prepared.service.id, peer, requested: shown });
  }
  return sayAndClose(kernel, client.descriptor, notAvailable) ? 'ended' : 'error';
};

/** Most clients send the name with the connection; only for the others there is a watch and a timer. */
export const startTcpmux: Start = (surface, prepared, client, onEnded, saved) => {
  const { kernel, clock } = surface;
  const report = reportBuiltin(surface, prepared, client.record, saved?.startedAt);
  const startedAt = saved?.startedAt ?? clock.now();
  const { taken, sawReturn } = saved?.rest.kind === 'name' ? saved.rest : { taken: '', sawReturn: false };
  const progress = { taken, sawReturn };
  const readName = createNameReader(kernel, progress);
  let descriptor = client.descriptor;
  let isOver = false;
  const timers: (() => void)[] = [];

  const stopWaiting = (): void => {
    isOver = true;
    kernel.unwatch(descriptor);
    for (const cancel of timers) cancel();
  };
  const finish = (outcome: Outcome): void => {
    report(outcome);
    // the caller is still starting us when all went at once
    queueMicrotask(onEnded);
  };
  const hangUp = (outcome: Outcome): void => {
    if (isOver) return;
    stopWaiting();
    kernel.close(descriptor);
    finish(outcome);
  };
  const pass = (name: string): void => {
    if (isOver) return;
    // a member must not find us at its socket
    stopWaiting();
    finish(enter(surface, prepared, { ...client, descriptor }, name));
  };
  const look = (): void => {
    const answer = readName(descriptor);
    if (answer.kind === 'name') pass(answer.name);
    else if (answer.kind === 'broken') hangUp('error');
    else if (answer.kind === 'maybe') timers.push(clock.after(linefeedLimit, () => pass(answer.name)));
  };

  look();
  if (!isOver) {
    descriptor = kernel.tryRaise(descriptor);
    timers.push(clock.after(nameLimit, () => hangUp('timeout')));
    try {
      // once for each arrival is enough: a look takes all there is of a name
      kernel.watch(descriptor, look, 'edge');
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      // thrown on, the caller would close a descriptor that has moved
      hangUp('error');
    }
  }
  const talk: Talk = {
    service: prepared.service,
    pause: () => undefined,
    isSettled: () => true,
    resume: () => undefined,
    save: () =>
      isOver
        ? undefined
        : {
            startedAt,
            client: { descriptor, record: client.record },
            rest: { kind: 'name', ...progress },
          },
  };
  return { kind: 'builtin', stop: () => hangUp('ended'), talk };
};
