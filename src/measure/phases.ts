// Where a connection's time goes: the steps between the moments of client, acceptd and kernel, and what no clock tells.
import { createDistribution } from './histogram.ts';
import { type KernelRecords, livesOf } from './process-life.ts';
import type { Phase, Phases } from './result.ts';
import type { TracedRecord } from './trace-file.ts';
import { byPort, type ClientMoments, clientsOf, lifeOf, type Way } from './way.ts';

export type PhaseSources = {
  readonly samples: readonly ClientMoments[];
  readonly traced: readonly TracedRecord[];
  readonly kernel: KernelRecords;
  /** Lines of the trace and stamps of the kernel that were lost on the way here. */
  readonly lost: { readonly lines: number; readonly stamps: number };
};

type Span = readonly [from: number | undefined, to: number | undefined];
type Step = Pick<Phase, 'name' | 'from' | 'to'> & { readonly of: (way: Way) => Span };

/** Zero stands for what did not happen. */
const moment = (value: number | undefined): number | undefined => (value === 0 ? undefined : value);

/** A server cannot accept before that: where the client's thread saw it later, it was asleep. */
const established = ({ client, server }: Way): number | undefined =>
  client === undefined ? undefined : Math.min(client.connected, server.accepted);

const fromConnect: readonly Step[] = [
  {
    name: 'connect',
    from: 'the client calls connect',
    to: 'the connection is established',
    of: (way) => [way.client?.started, established(way)],
  },
  {
    name: 'accept queue',
    from: 'the connection is established',
    to: 'accept4 has returned in acceptd',
    of: (way) => [established(way), way.server.accepted],
  },
];

const inAcceptd: readonly Step[] = [
  {
    name: 'admission',
    from: 'accept4 has returned in acceptd',
    to: 'the spawn begins',
    of: ({ server }) => [server.accepted, server.spawning],
  },
  {
    name: 'clone',
    from: 'the spawn begins',
    to: "the child's first instruction",
    of: ({ server }) => [server.spawning, server.childBegan],
  },
  {
    name: 'set-up',
    from: "the child's first instruction",
    to: 'execve is called',
    of: ({ server }) => [server.childBegan, server.executing],
  },
];

const programToClient = (begins: (way: Way) => number | undefined, from: string): readonly Step[] => [
  {
    name: 'first byte',
    from,
    to: 'the client has the first byte',
    of: (way) => [begins(way), moment(way.client?.firstByte)],
  },
  {
    name: 'end of file',
    from: 'the client has the first byte (or, without one, the step before ends)',
    to: 'the connection has ended at the client',
    of: (way) => [moment(way.client?.firstByte) ?? begins(way), moment(way.client?.ended)],
  },
];

const withKernel: readonly Step[] = [
  {
    name: 'exec',
    from: 'execve is called',
    to: 'the kernel has replaced the program',
    of: ({ server, life }) => [server.executing, life?.executed],
  },
  ...programToClient(({ life }) => life?.executed, 'the program begins'),
];

const withoutKernel: readonly Step[] = programToClient(
  ({ server }) => server.executing,
  'execve is called',
).map((step) => (step.name === 'first byte' ? { ...step, name: 'exec and first byte' } : step));

const alwaysOverlapping: readonly Step[] = [
  {
    name: 'wake',
    from: 'the connection is established and epoll has told acceptd of it',
    to: 'accept4 has returned in acceptd',
    of: (way) => [Math.max(way.server.ready, established(way) ?? 0), way.server.accepted],
  },
  {
    name: 'clone in acceptd',
    from: 'the spawn begins',
    to: 'clone has returned in acceptd',
    of: ({ server }) => [server.spawning, server.spawned],
  },
];

const overlappingWithKernel: readonly Step[] = [
  {
    name: 'handler run',
    from: 'the kernel has replaced the program',
    to: 'the process ends, its descriptors closed',
    of: ({ life }) => [life?.executed, life?.exited],
  },
  {
    name: 'reap',
    from: 'the process ends, its descriptors closed',
    to: 'wait4 has returned in acceptd',
    of: ({ server, life }) => [life?.exited, server.reaped],
  },
];

const overlappingWithoutKernel: readonly Step[] = [
  {
    name: 'exec, handler run and reap',
    from: 'execve is called',
    to: 'wait4 has returned in acceptd',
    of: ({ server }) => [server.executing, server.reaped],
  },
];

/** The steps that happened, and how many spans ran backwards and so are in none. */
const measure = (
  ways: readonly Way[],
  steps: readonly Step[],
): { readonly phases: readonly Phase[]; readonly backwards: number } => {
  let backwards = 0;
  const phases = steps.flatMap(({ of, ...words }) => {
    const distribution = createDistribution();
    for (const way of ways) {
      const [from, to] = of(way);
      if (from === undefined || to === undefined) continue;
      if (to < from) backwards += 1;
      else distribution.record(to - from);
    }
    const read = distribution.read();
    return read.count === 0 ? [] : [{ ...words, distribution: read }];
  });
  return { phases, backwards };
};

/** A sentence where there is something to count. */
const told = (count: number, sentence: string): readonly string[] =>
  count > 0 ? [`${count} ${sentence}`] : [];

/** Only connections that can be followed through all their steps count, so that the steps are of the same ones. */
const follow = ({ samples, traced, kernel }: PhaseSources) => {
  const clients = byPort(samples.filter(({ error }) => error === 0));
  const lives = 'unavailable' in kernel ? undefined : livesOf(kernel);
  const begun = samples.reduce((least, { started }) => Math.min(least, started), Number.POSITIVE_INFINITY);
  const ended = samples.reduce((most, sample) => Math.max(most, sample.ended), 0);
  const measured = traced.filter(({ accepted }) => accepted >= begun && accepted <= ended);
  const hasPorts = measured.some(({ port }) => port !== 0);
  const ways: Way[] = [];
  let [ambiguous, clientless, lifeless] = [0, 0, 0];
  for (const server of measured) {
    const [client, other] = hasPorts ? clientsOf(server, clients) : [];
    const life = lives === undefined ? undefined : lifeOf(server, lives);
    const isComplete = life?.executed !== undefined && life.exited !== undefined;
    if (other !== undefined) ambiguous += 1;
    else if (hasPorts && client === undefined) clientless += 1;
    else if (lives !== undefined && !isComplete) lifeless += 1;
    else ways.push({ client, server, life });
  }
  return { ways, hasPorts, ambiguous, clientless, lifeless, measured: measured.length };
};

const kernelSentences = (kernel: KernelRecords): readonly string[] =>
  'unavailable' in kernel
    ? [
        `When the kernel has replaced the program, and when it ends: exec and the program's own start are one step, and the handler's run goes on to its reaping; ${kernel.unavailable}.`,
      ]
    : [
        "How much of the exec is the loading of the program's libraries: the kernel stamps the moment at which the old program is gone, and what follows is part of the first byte.",
      ];

/** Where the time of the connections goes that the client measured, step by step. */
export const joinPhases = (sources: PhaseSources): Phases => {
  const { samples, kernel, lost } = sources;
  const { ways, hasPorts, ambiguous, clientless, lifeless, measured } = follow(sources);
  const hasKernel = !('unavailable' in kernel);
  const sequence = measure(ways, [
    ...(hasPorts ? fromConnect : []),
    ...inAcceptd,
    ...(hasKernel ? withKernel : withoutKernel),
  ]);
  const overlapping = measure(ways, [
    ...alwaysOverlapping,
    ...(hasKernel ? overlappingWithKernel : overlappingWithoutKernel),
  ]);
  const early = ways.filter(
    ({ client, server }) => client !== undefined && client.connected > server.accepted,
  );
  const untraced = samples.filter(({ error }) => error === 0).length - (measured - clientless);
  return {
    sequence: sequence.phases,
    overlapping: overlapping.phases,
    traced: ways.length,
    unknown: [
      "When the client's SYN arrives and when the kernel puts the connection into the listener's queue: it keeps no stamp of either, and both are part of connect.",
      "When the first byte and the end of file arrive in the client's kernel: until its thread has been woken and has read them is part of those steps.",
      ...kernelSentences(kernel),
      'What the stamps themselves cost: in the child two system calls, in acceptd a few clock reads for each connection; they are part of the steps.',
      ...(measured > 0 && !hasPorts
        ? [
            "Which client belongs to which process: clients of a unix socket have no port, so only acceptd's own steps are shown.",
          ]
        : []),
      ...told(
        early.length,
        `of ${ways.length} connections were accepted before the client's thread saw that they are established: for those the accept ends the connect.`,
      ),
      ...told(untraced, 'connections of the client have no line in the trace.'),
      ...told(
        clientless,
        "traced connections fit none of the client's (its warm-up, its failures, or somebody else's).",
      ),
      ...told(
        ambiguous,
        "traced connections fit several of the client's: the same port at the same time, from several addresses.",
      ),
      ...told(lifeless, "traced connections have no exec and exit among the kernel's stamps."),
      ...told(lost.lines, 'lines of the trace were lost: its file was too slow.'),
      ...told(lost.stamps, "of the kernel's stamps were lost: they were not read often enough."),
      ...told(sequence.backwards + overlapping.backwards, 'spans ran backwards and are in no step.'),
    ],
  };
};
