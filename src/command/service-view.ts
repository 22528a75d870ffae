// What `acceptd status SERVICE` shows: one service with its instances and what has happened to it lately.
import type { InstanceStatus, Occurrence, ServiceDetail } from '../model/control.ts';
import { showAge, showLive, showMoment, showSize, showTime } from './short-figures.ts';
import { showRefused } from './status-table.ts';
import { type Cell, type Column, columnWidths, tableLine, tableWidth } from './terminal-table.ts';
import { cut, fold, plain, type Screen, styled } from './terminal-text.ts';

const nameWidth = 14;

/** A name and what there is to say to it, in as many lines as it takes. */
export const entry = (name: string, text: string, screen: Screen): readonly string[] => {
  const [first = '', ...others] = fold(text, screen.width - nameWidth, 0);
  const margin = ' '.repeat(nameWidth);
  return [
    `${styled(name.padEnd(nameWidth), 'bold', screen)}${first}`,
    ...others.map((line) => margin + line),
  ];
};

/** The name stands before the first alone. */
export const entries = (name: string, texts: readonly string[], screen: Screen): readonly string[] =>
  texts.flatMap((text, index) => entry(index === 0 ? name : '', text, screen));

const endpointTexts = ({ endpoints }: ServiceDetail): readonly string[] =>
  endpoints.map(({ address, protocol, state, waiting }) => {
    const how = state === 'listening' ? '' : `, ${state}`;
    const queue = waiting === null || waiting === 0 ? '' : `, ${waiting} waiting to be accepted`;
    return `${plain(address)} ${protocol}${how}${queue}`;
  });

const showCounts = (service: ServiceDetail): string => {
  const reasons = showRefused(service);
  const refused = `refused ${service.refused}${reasons === '' ? '' : ` (${reasons})`}`;
  const waiting = service.waiting === 0 ? '' : `, ${service.waiting} being asked about`;
  return `${service.accepted}: served ${service.served}, ${refused}, failed ${service.failed}${waiting}`;
};

const showHandlers = ({ handlerTimes, memory }: ServiceDetail): string => {
  const times =
    handlerTimes === null
      ? 'none has ended yet'
      : `p50 ${showTime(handlerTimes.p50)}, p99 ${showTime(handlerTimes.p99)} of ${handlerTimes.count} that ended`;
  return `${times}${memory === null ? '' : `; ${showSize(memory)} in use`}`;
};

const instanceColumns: readonly Column[] = [
  { title: 'PID', side: 'right' },
  { title: 'WHAT', side: 'left' },
  { title: 'AGE', side: 'right' },
  { title: 'CPU', side: 'right' },
  { title: 'MEMORY', side: 'right' },
  { title: 'PEER', side: 'left' },
];

const instanceRow = ({ pid, what, peer, age, cpu, memory }: InstanceStatus): readonly Cell[] => [
  pid === null ? '-' : String(pid),
  what,
  showAge(age),
  showTime(cpu),
  showSize(memory),
  peer === null ? '-' : plain(peer),
];

/** Columns that the peer needs beside the others; where there are fewer it stands below them. */
const enoughForPeer = 22;

const instanceLines = (instances: readonly InstanceStatus[], screen: Screen): readonly string[] => {
  const rows = instances.map(instanceRow);
  const widths = columnWidths({ columns: instanceColumns, rows });
  const titles = instanceColumns.map(({ title }): Cell => ({ text: title, style: 'bold' }));
  const line = (row: readonly Cell[], gap: number): string =>
    tableLine(instanceColumns, widths, row, gap, screen);
  const figureWidth = tableWidth(widths.slice(0, -1), 2) + 2;
  const room = screen.width - figureWidth;
  if (room < enoughForPeer) {
    return [
      line(titles.slice(0, -1), 1),
      ...instances.flatMap(({ peer }, index) => [
        line((rows[index] ?? []).slice(0, -1), 1),
        ...(peer === null ? [] : fold(`  ${plain(peer)}`, screen.width, 4)),
      ]),
    ];
  }
  return [
    line(titles, 2),
    ...instances.flatMap(({ peer }, index) => {
      const [first = '-', ...others] = peer === null ? [] : fold(plain(peer), room, 0);
      const row = (rows[index] ?? []).slice(0, -1);
      return [line([...row, first], 2), ...others.map((each) => ' '.repeat(figureWidth) + each)];
    }),
  ];
};

const occurrenceLines = (recent: readonly Occurrence[], screen: Screen, now: Date): readonly string[] =>
  recent.flatMap(({ at, kind, peer, reason, what }) => {
    const who = peer === null ? '' : ` ${plain(peer)}`;
    const why = reason === null || reason === what ? '' : ` (${plain(reason)})`;
    return fold(`${showMoment(at, now)} ${kind}${who}${why}: ${plain(what)}`, screen.width, 4);
  });

/** Lines of at most the screen's width. */
export const renderService = (service: ServiceDetail, screen: Screen, now: Date): string => {
  const { lastError, tuned, instances, more, recent } = service;
  const title = `${plain(service.service)}: ${service.condition}, ${showLive(service.live, service.limit)} live`;
  return [
    ...fold(title, screen.width, 2).map((line) => styled(line, 'bold', screen)),
    ...entry('written in', plain(service.origin), screen),
    ...entries('listens on', endpointTexts(service), screen),
    ...entry('accepted', showCounts(service), screen),
    ...entry('handlers', showHandlers(service), screen),
    ...(lastError === null
      ? []
      : entry('last error', `${showMoment(lastError.at, now)}: ${plain(lastError.what)}`, screen)),
    ...(tuned.length === 0 ? [] : entry('set', `${plain(tuned.join(', '))}, until the next reload`, screen)),
    ...(instances.length === 0 ? [] : ['', ...instanceLines(instances, screen)]),
    ...(more === 0 ? [] : [cut(`and ${more} more`, screen.width)]),
    ...(recent.length === 0
      ? []
      : ['', styled('lately', 'bold', screen), ...occurrenceLines(recent, screen, now)]),
  ].join('\n');
};
