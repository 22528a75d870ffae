// What `acceptd status` shows: the server in a few lines, and a row for each service with what is worth a look below it.
import type { EndpointStatus, ServerStatus, ServiceCondition, ServiceSummary } from '../model/control.ts';
import { showAge, showCount, showLive, showMoment, showSize, showTime } from './short-figures.ts';
import { type Cell, type Column, columnWidths, type Table, tableLine, tableWidth } from './terminal-table.ts';
import { fold, plain, type Screen, type Style, styled, widthOf } from './terminal-text.ts';

const conditionStyles: Readonly<Record<ServiceCondition, Style | undefined>> = {
  active: 'green',
  held: 'yellow',
  suspended: 'red',
  paused: 'yellow',
  closed: 'red',
  draining: 'yellow',
};

export const conditionCell = (condition: ServiceCondition): Cell => ({
  text: condition,
  style: conditionStyles[condition],
});

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

const showFaults = ({ errors, warnings }: ServerStatus['configuration']): string => {
  if (errors + warnings === 0) return 'nothing wrong';
  const parts = [errors > 0 ? plural(errors, 'error') : '', warnings > 0 ? plural(warnings, 'warning') : ''];
  return parts.filter(Boolean).join(', ');
};

const showTimes = ({ upgrades, restarts }: ServerStatus): string =>
  `${upgrades > 0 ? `, upgraded ${plural(upgrades, 'time')}` : ''}${restarts > 0 ? `, came back ${plural(restarts, 'time')}` : ''}`;

/** The server's own lines. */
const heading = (status: ServerStatus, { width, isColored }: Screen, now: Date): readonly string[] => {
  const { configuration, memory, descriptors, lostRecords } = status;
  const age = showAge((now.getTime() - Date.parse(status.startedAt)) / 1000);
  const draining = status.state === 'draining' ? ', draining' : '';
  const lost = lostRecords > 0 ? `, ${plural(lostRecords, 'log record')} lost` : '';
  const files = plain(configuration.files.join(', '));
  const loaded = showMoment(configuration.loadedAt, now);
  const lines = [
    `acceptd ${plain(status.acceptd)}, pid ${status.pid}, up ${age}${showTimes(status)}, ${plural(status.services.length, 'service')}${draining}`,
    `memory ${showSize(memory.resident)}, ${descriptors.open} of ${descriptors.limit} descriptors${lost}`,
    `configuration ${files} of ${loaded}: ${showFaults(configuration)}`,
  ].flatMap((line) => fold(line, width, 2));
  if (configuration.refusedBecause === null) return lines;
  const why = `the last reload was refused: ${plain(configuration.refusedBecause)}`;
  return [...lines, ...fold(why, width, 2).map((line) => styled(line, 'red', { isColored }))];
};

export const showRefused = ({ refusedBy }: Pick<ServiceSummary, 'refusedBy'>): string =>
  Object.entries(refusedBy)
    .filter(([, count]) => count > 0)
    .sort(([, one], [, other]) => other - one)
    .map(([reason, count]) => `${plain(reason)} ${count}`)
    .join(', ');

const showEndpoint = ({ address, state }: EndpointStatus): Cell => ({
  text: `${plain(address)}${state === 'closed' ? ' closed' : ''}`,
  style: state === 'closed' ? 'red' : undefined,
});

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);

/** What does not fit into a column: reasons, failures, the last error. */
const remarks = (service: ServiceSummary, screen: Screen, now: Date): readonly string[] => {
  const { failed, lastError } = service;
  const refused = showRefused(service);
  const counts = [
    refused === '' ? '' : `refused: ${refused}`,
    failed === 0 ? '' : `failed: ${failed}`,
  ].filter(Boolean);
  const error =
    lastError === null
      ? []
      : fold(`last error ${showMoment(lastError.at, now)}: ${plain(lastError.what)}`, screen.width - 2, 2);
  return [
    ...(counts.length === 0 ? [] : fold(counts.join('; '), screen.width - 2, 2)),
    ...error.map((line) => styled(line, 'red', screen)),
  ].map((line) => `  ${line}`);
};

const figureColumns: readonly Column[] = [
  { title: 'STATE', side: 'left' },
  { title: 'LIVE', side: 'right' },
  { title: 'ACCEPTED', side: 'right' },
  { title: 'REFUSED', side: 'right' },
  { title: 'P50', side: 'right' },
  { title: 'P99', side: 'right' },
  { title: 'MEMORY', side: 'right' },
];

const figures = (service: ServiceSummary): readonly Cell[] => [
  conditionCell(service.condition),
  showLive(service.live, service.limit),
  showCount(service.accepted),
  showCount(service.refused),
  showTime(service.handlerTimes?.p50),
  showTime(service.handlerTimes?.p99),
  showSize(service.memory),
];

const serviceColumn: Column = { title: 'SERVICE', side: 'left' };

/** With the endpoints in a column of their own, if there is room for it. */
const wideTable = (services: readonly ServiceSummary[]): Table => ({
  columns: [serviceColumn, { title: 'ENDPOINTS', side: 'left' }, ...figureColumns],
  rows: services.flatMap((service) => {
    const [first = '-', ...others] = service.endpoints.map(showEndpoint);
    return [
      [plain(service.service), first, ...figures(service)],
      ...others.map((endpoint) => ['', endpoint]),
    ];
  }),
});

const titlesOf = (columns: readonly Column[]): readonly Cell[] =>
  columns.map(({ title }) => ({ text: title, style: 'bold' }));

const renderWide = (
  status: ServerStatus,
  table: Table,
  gap: number,
  screen: Screen,
  now: Date,
): readonly string[] => {
  const widths = columnWidths(table);
  const line = (row: readonly Cell[]): string => tableLine(table.columns, widths, row, gap, screen);
  return [
    line(titlesOf(table.columns)),
    ...status.services.flatMap((service) => [
      ...wideTable([service]).rows.map(line),
      ...remarks(service, screen, now),
    ]),
  ];
};

/** Many ids say it already: `127.0.0.1:7079/tcp`, `[::1]:7007/tcp6`. A member of tcpmux has no endpoint of its own. */
const isSaidByName = ({ service, endpoints: [first, ...others] }: ServiceSummary): boolean =>
  first === undefined ||
  (others.length === 0 &&
    first.state !== 'closed' &&
    ['', `/${first.protocol}`, `/${first.protocol}4`, `/${first.protocol}6`].includes(
      service.startsWith(first.address) ? service.slice(first.address.length) : 'another',
    ));

/** Below an id, or below its row. */
const indented = (text: string, { width }: Screen): readonly string[] =>
  fold(text, width - 2, 2).map((line) => `  ${line}`);

const onEndpoints = (service: ServiceSummary, screen: Screen): readonly string[] =>
  isSaidByName(service)
    ? []
    : indented(`on ${service.endpoints.map((each) => textOf(showEndpoint(each))).join(', ')}`, screen);

/** Endpoints, and ids for which there is no room, stand on lines of their own. */
const renderNarrow = (status: ServerStatus, room: number, screen: Screen, now: Date): readonly string[] => {
  const columns = [serviceColumn, ...figureColumns];
  const rows = status.services.map(figures);
  const longest = Math.max(0, ...status.services.map(({ service }) => widthOf(plain(service))));
  const widths = [
    Math.max(serviceColumn.title.length, Math.min(longest, room)),
    ...columnWidths({ columns: figureColumns, rows }),
  ];
  const line = (row: readonly Cell[]): string => tableLine(columns, widths, row, 1, screen);
  return [
    line(titlesOf(columns)),
    ...status.services.flatMap((service, index) => {
      const id = plain(service.service);
      const row = rows[index] ?? [];
      const isLong = widthOf(id) > (widths[0] ?? 0);
      return [
        ...(isLong ? [...fold(id, screen.width, 2), line(['', ...row])] : [line([id, ...row])]),
        ...onEndpoints(service, screen),
        ...remarks(service, screen, now),
      ];
    }),
  ];
};

/** For a screen on which no table has room. */
const renderList = (status: ServerStatus, screen: Screen, now: Date): readonly string[] =>
  status.services.flatMap((service) => {
    const named = figures(service).map((cell, index) =>
      index === 0 ? textOf(cell) : `${(figureColumns[index]?.title ?? '').toLowerCase()} ${textOf(cell)}`,
    );
    return [
      ...fold(plain(service.service), screen.width, 2).map((line) => styled(line, 'bold', screen)),
      ...indented(named.join(', '), screen),
      ...onEndpoints(service, screen),
      ...remarks(service, screen, now),
    ];
  });

const renderServices = (status: ServerStatus, screen: Screen, now: Date): readonly string[] => {
  const { services } = status;
  if (services.length === 0) return [];
  const table = wideTable(services);
  const widths = columnWidths(table);
  const gap = [2, 1].find((each) => tableWidth(widths, each) <= screen.width);
  if (gap !== undefined) return renderWide(status, table, gap, screen, now);
  const figureWidths = columnWidths({ columns: figureColumns, rows: services.map(figures) });
  const room = screen.width - tableWidth(figureWidths, 1) - 1;
  return room >= serviceColumn.title.length
    ? renderNarrow(status, room, screen, now)
    : renderList(status, screen, now);
};

/** Lines of at most the screen's width. */
export const renderStatus = (status: ServerStatus, screen: Screen, now: Date): string =>
  [...heading(status, screen, now), '', ...renderServices(status, screen, now)].join('\n').trimEnd();
