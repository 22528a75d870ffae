// One picture of acceptd top as lines of text: the server, its services and what can be pressed.
import type { ServerStatus } from '../model/control.ts';
import { showAge, showLive, showRate, showSize, showTime } from './short-figures.ts';
import { conditionCell } from './status-table.ts';
import { type Cell, type Column, tableLine, tableWidth } from './terminal-table.ts';
import { cut, plain, type Screen, styled, widthOf } from './terminal-text.ts';
import {
  rowsOf,
  type Sample,
  type Sort,
  type SortKey,
  sortRows,
  type TopRow,
  totalsOf,
} from './top-rates.ts';

export type View = {
  readonly previous: Sample | undefined;
  readonly now: Sample;
  /** Why there is nothing newer; undefined while the server answers. */
  readonly trouble: string | undefined;
  readonly sort: Sort;
  /** The first service that is shown. */
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly clock: number;
};

export type Frame = {
  /** As many as the screen is high, none wider than it. */
  readonly lines: readonly string[];
  /** As far as there is something to scroll to. */
  readonly offset: number;
  /** Services on a page. */
  readonly page: number;
};

type TopColumn = Column & {
  readonly width: number;
  readonly cell: (row: TopRow) => Cell;
  readonly key?: SortKey;
};

/** The letter in upper case is the key that sorts by the column. Widths stay, so that nothing jumps about. */
const figureColumns: readonly TopColumn[] = [
  { title: 'state', side: 'left', width: 9, cell: ({ condition }) => conditionCell(condition) },
  { title: 'Live', side: 'right', width: 8, key: 'live', cell: ({ live, limit }) => showLive(live, limit) },
  { title: 'Acc/s', side: 'right', width: 6, key: 'accepted', cell: ({ accepted }) => showRate(accepted) },
  { title: 'Ref/s', side: 'right', width: 6, key: 'refused', cell: ({ refused }) => showRate(refused) },
  { title: 'Fail/s', side: 'right', width: 6, key: 'failed', cell: ({ failed }) => showRate(failed) },
  { title: 'Wait', side: 'right', width: 5, key: 'waiting', cell: ({ waiting }) => String(waiting ?? '-') },
  { title: 'p50', side: 'right', width: 6, cell: ({ p50 }) => showTime(p50) },
  { title: 'P99', side: 'right', width: 6, key: 'p99', cell: ({ p99 }) => showTime(p99) },
  { title: 'Memory', side: 'right', width: 6, key: 'memory', cell: ({ memory }) => showSize(memory ?? null) },
];
/** What gives way where names need the room, first to last. */
const dispensable = ['p50', 'Wait', 'Fail/s', 'Memory', 'P99', 'Ref/s', 'state'];
const enoughForName = 20;

const columnsFor = (rows: readonly TopRow[], width: number): readonly TopColumn[] => {
  const longest = rows.reduce(
    (most, { service }) => Math.max(most, widthOf(plain(service))),
    'Service*'.length,
  );
  const wanted = Math.min(longest, enoughForName);
  let columns = figureColumns;
  const room = (): number =>
    width -
    tableWidth(
      columns.map((column) => column.width),
      1,
    ) -
    1;
  for (const title of dispensable) {
    if (room() >= wanted) break;
    columns = columns.filter((column) => column.title !== title);
  }
  const name: TopColumn = {
    title: 'Service',
    side: 'left',
    width: Math.max(8, Math.min(longest, room())),
    key: 'service',
    cell: ({ service }) => plain(service),
  };
  return [name, ...columns];
};

const summary = ({ status }: Sample, rows: readonly TopRow[], clock: number): readonly string[] => {
  const totals = totalsOf(rows);
  const live = rows.reduce((sum, row) => sum + row.live, 0);
  const up = showAge((clock - Date.parse(status.startedAt)) / 1000);
  const count = rows.length;
  const { open, limit } = status.descriptors;
  return [
    `acceptd ${plain(status.acceptd)}  pid ${status.pid}  up ${up}  ${status.state}  ${count} service${count === 1 ? '' : 's'}`,
    `live ${live}  accepted ${showRate(totals.accepted)}/s  refused ${showRate(totals.refused)}/s  failed ${showRate(totals.failed)}/s  memory ${showSize(status.memory.resident)}  descriptors ${open}/${limit}`,
  ];
};

/** What somebody should know who looks here first. */
const warningOf = ({ configuration, lostRecords }: ServerStatus): string => {
  if (configuration.refusedBecause !== null)
    return `the last reload was refused: ${plain(configuration.refusedBecause)}`;
  if (configuration.errors > 0)
    return `the configuration has ${configuration.errors} ${configuration.errors === 1 ? 'error' : 'errors'}: acceptd check`;
  return lostRecords > 0 ? `${lostRecords} log records lost` : '';
};

const titleLine = (columns: readonly TopColumn[], sort: Sort, screen: Screen): string => {
  const cells = columns.map(
    ({ title, key }): Cell => ({
      text: key === sort.by ? `${title}*` : title,
      style: key === sort.by ? 'reverse' : 'bold',
    }),
  );
  return tableLine(
    columns,
    columns.map(({ width }) => width),
    cells,
    1,
    screen,
  );
};

const fitCell = (cell: Cell, width: number): Cell =>
  typeof cell === 'string' ? cut(cell, width) : { ...cell, text: cut(cell.text, width) };

/** Lines above the services and below them. */
const margin = 5;

export const drawFrame = (view: View, screen: Screen & { readonly height: number }): Frame => {
  const { previous, now, trouble, sort } = view;
  const { width, height } = screen;
  const rows = sortRows(rowsOf(previous, now), sort);
  const page = Math.max(1, height - margin);
  const offset = Math.max(0, Math.min(view.offset, rows.length - page));
  const shown = rows.slice(offset, offset + page);
  const columns = columnsFor(rows, width);
  const widths = columns.map((column) => column.width);
  const warning = trouble ?? warningOf(now.status);
  const reversed = sort.isReversed ? ', reversed' : '';
  const place = `${rows.length === 0 ? 0 : offset + 1}-${offset + shown.length} of ${rows.length}`;
  const footer = `${place} by ${sort.by}${reversed}  q: quit  arrows: scroll  s l a r f w p m: sort`;
  const lines = [
    ...summary(now, rows, view.clock).map((line) => cut(line, width)),
    styled(cut(warning, width), trouble === undefined ? 'yellow' : 'red', screen),
    titleLine(columns, sort, screen),
    ...shown.map((row) => {
      const cells = columns.map((column) => fitCell(column.cell(row), column.width));
      return tableLine(columns, widths, cells, 1, screen);
    }),
  ];
  const blank = Array.from({ length: Math.max(0, height - lines.length - 1) }, () => '');
  const all = [...lines, ...blank, styled(cut(footer, width), 'dim', screen)];
  return { lines: height < all.length ? all.slice(0, height) : all, offset, page };
};
