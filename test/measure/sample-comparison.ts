// A made-up comparison of as many servers as there will ever be, one of them absent.
import type { ComparisonGroup, ComparisonPage } from '../../src/measure/report/comparison.ts';
import { showRatio } from '../../src/measure/report/unit.ts';

const servers = [
  'bare loop, CLONE_VM',
  'bare loop, vfork',
  'bare loop, fork',
  'acceptd',
  'tcpserver',
  'tcpsvd',
  'openbsd-inetd',
  'inetutils-inetd',
  'xinetd',
  'rlinetd',
  'socat (nofork)',
  'systemd-socket-activate',
  'systemd, PID 1, limits off',
  'systemd, PID 1, defaults',
  'systemd, PID 1, hardened',
  'Node, net.Server + child_process.spawn',
  'acceptd listen',
  'busybox tcpsvd <&">',
];

const group = (
  section: string,
  title: string,
  unit: string,
  figureOf: (index: number) => number,
  isLogarithmic = false,
): ComparisonGroup => ({
  section,
  title,
  unit,
  isLogarithmic,
  rows: servers.map((name, index) => {
    const value = figureOf(index);
    const part = index === 3 ? 'subject' : index === 0 ? 'reference' : undefined;
    if (index === 9)
      return { name, value: undefined, least: undefined, most: undefined, ratioText: 'not installed' };
    return {
      name,
      value,
      least: value * 0.93,
      most: value * 1.12,
      ratioText: showRatio(value, figureOf(0)),
      part,
    };
  }),
});

export const sampleComparison: ComparisonPage = {
  title: 'acceptd and its peers',
  intro: [
    'Medians of 5 interleaved rounds; the whiskers show the range of the rounds. Ratios refer to the bare loop.',
    'Some Processor, 2 processors, Linux 6.1.0, 2026-11-21.',
  ],
  groups: [
    group('Empty handler', 'First byte, 1 client', 'µs', (index) => 170 + 60 * index),
    group('Empty handler', 'First byte, 32 clients', 'µs', (index) => 1_700 + 900 * index),
    group('Empty handler', 'Rate, 1 client', 'connections per second', (index) => 5_400 / (1 + index / 5)),
    group('Empty handler', 'Rate, 32 clients', 'connections per second', (index) => 12_400 / (1 + index / 5)),
    group('Python handler', 'First byte, p99, 128 clients', 'µs', (index) => 170 * 1.5 ** index, true),
    {
      section: 'Python handler',
      title: 'Rate',
      unit: 'connections per second',
      rows: [{ name: 'acceptd', value: undefined, least: undefined, most: undefined, ratioText: '' }],
    },
  ],
  growths: [
    {
      title: 'First byte against listeners',
      of: 'listeners',
      measured: 'First byte, p50',
      unit: 'µs',
      series: ['acceptd', 'openbsd-inetd', 'xinetd'].map((name, index) => ({
        name,
        points: [1, 10, 100, 1_000, 10_000].map(
          (size) => [size, 170 + 100 * index + index * size * 0.1] as const,
        ),
      })),
    },
  ],
  tables: [
    {
      title: 'System calls per connection',
      columns: [
        { title: 'server' },
        { title: 'parent' },
        { title: 'child' },
        { title: 'remark', isText: true },
      ],
      rows: [
        ['acceptd', '9.1', '14.0', 'accepts and reaps in batches'],
        ['xinetd', '31.0', '22.0', '<none>'],
      ],
    },
  ],
};
