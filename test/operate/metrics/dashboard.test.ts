// The dashboard asks only for what acceptd exports, and the documentation tells all of it.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { metricList } from '../../../src/operate/metrics/metrics.ts';

const read = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
};
type Dashboard = {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
};

const dashboard: Dashboard = JSON.parse(read('conf/grafana/acceptd.json'));

/** With the names that the parts of histograms and summaries have. */
const exported = new Set(
  metricList.flatMap(({ name, type }) => {
    if (type === 'histogram') return ['_bucket', '_sum', '_count'].map((part) => `${name}${part}`);
    return type === 'summary' ? [name, `${name}_sum`, `${name}_count`] : [name];
  }),
);
const labels = new Set([
  ...metricList.flatMap(({ labelNames }) => labelNames),
  'le',
  'quantile',
  'instance',
  'job',
]);

const expressions = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ definition }) => definition ?? []),
];

t.test('every question is about something that acceptd exports', (t) => {
  for (const expression of expressions) {
    const names = expression.match(/\b(acceptd|process|nodejs)_[a-z0-9_]+/g) ?? [];
    t.ok(names.length > 0, expression);
    for (const name of names) t.ok(exported.has(name), name);
    for (const [, label = ''] of expression.matchAll(/([a-z_]+)=~?"/g)) t.ok(labels.has(label), label);
    for (const [, by = ''] of expression.matchAll(/by \(([^)]*)\)/g))
      for (const label of by.split(/,\s*/)) t.ok(labels.has(label), label);
  }
  t.end();
});

t.test('panels have numbers of their own and do not overlap', (t) => {
  const { panels } = dashboard;
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { title, gridPos, targets = [] } of panels) {
    const { x, y, w, h } = gridPos;
    t.ok(x >= 0 && x + w <= 24, `${title} is inside`);
    t.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    for (let row = y; row < y + h; row++)
      for (let column = x; column < x + w; column++) {
        const cell = `${column} ${row}`;
        if (taken.has(cell)) t.fail(`${title} lies over another at ${cell}`);
        taken.add(cell);
      }
  }
  t.end();
});

t.test('docs/metrics.md has a line for each metric, and for nothing else', (t) => {
  const rows = read('docs/metrics.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const cell = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
  t.strictSame(
    rows,
    metricList.map(
      ({ name, type, labelNames, help }) => `| \`${name}\` | ${type} | ${cell(labelNames)} | ${help} |`,
    ),
  );
  t.end();
});
