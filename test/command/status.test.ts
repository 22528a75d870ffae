// acceptd status: tables that fit the terminal, whatever stands in them, and JSON as the server gave it.
import t from 'tap';
import { renderService } from '../../src/command/service-view.ts';
import { renderStatus } from '../../src/command/status-table.ts';
import { cut, fold, screenOf, widthOf } from '../../src/command/terminal-text.ts';
import {
  finger,
  fingerDetail,
  refusal,
  startControlServer,
  statusOf,
  summaryOf,
} from '../support/control-server.ts';
import { acceptd } from './stage.ts';

// each of these starts processes, which takes seconds on a machine that is busy
t.setTimeout(300_000);

const now = new Date('2026-11-26T10:30:00.000Z');
const screen = (width: number) => ({ width, isColored: false });
const linesOf = (text: string): readonly string[] => text.split('\n');

const services = [
  finger,
  summaryOf('echo/tcp', { accepted: 12_345_678, served: 12_345_678, live: 4095, limit: 4096 }),
  summaryOf('/run/a-socket-with-a-rather-long-name/that/fills/a/line/of/the/terminal/alone.sock', {
    endpoints: [
      {
        address: '/run/a-socket-with-a-rather-long-name/that/fills/a/line/of/the/terminal/alone.sock',
        protocol: 'unix',
        state: 'lent',
        waiting: null,
      },
    ],
    condition: 'suspended',
    memory: 123_456_789_012,
    handlerTimes: { count: 3, p50: 123.4, p99: 86_400 },
  }),
  summaryOf('日本語の名前/tcp', { refused: 1, refusedBy: { 'per-source': 1 } }),
  summaryOf('evil\u001b[2Jname/tcp'),
];

t.test('no line is wider than the terminal, and nothing that somebody acts upon is cut', async (t) => {
  for (const width of [40, 60, 80, 100, 132, 200]) {
    const text = renderStatus(statusOf(services), screen(width), now);
    for (const line of linesOf(text)) t.ok(widthOf(line) <= width, `${width}: ${line}`);
    const joined = text.replace(/\n */g, '');
    for (const { service } of services.slice(0, 4)) t.ok(joined.includes(service), `${width}: ${service}`);
    t.match(joined.replaceAll(' ', ''), /cannotexecute\/usr\/sbin\/in\.fingerd:nosuchfile/);
    t.notMatch(text, '\u001b', 'what a service is called does nothing to the terminal');
    t.match(joined, 'evil\\u{1b}[2Jname');
  }
});

t.test(
  'an id that is an address needs no second line, nor does a member of tcpmux, which has none',
  async (t) => {
    const endpoint = { address: '[::1]:7007', protocol: 'tcp', state: 'listening', waiting: 0 } as const;
    const both = [
      summaryOf('[::1]:7007/tcp6', { endpoints: [endpoint] }),
      summaryOf('tcpmux/date', { endpoints: [] }),
    ];
    t.notMatch(renderStatus(statusOf(both), screen(80), now), /^ +on/m);
  },
);

t.test('a row has the figures of a service, and below it why it has refused and failed', async (t) => {
  const text = renderStatus(statusOf([finger]), screen(80), now);
  const [title = '', , , , head = '', row = '', second = '', counts = ''] = linesOf(text);
  t.equal(title, 'acceptd 0.1.0, pid 4711, up 1h30m, 1 service');
  t.match(head, /^SERVICE +ENDPOINTS +STATE +LIVE +ACCEPTED +REFUSED +P50 +P99 +MEMORY$/);
  t.match(row, /^finger\/tcp +0\.0\.0\.0:79 +held +3\/64 +1234 +32 +2\.10ms +13\.0ms +4\.50M$/);
  t.match(second, /^ +\[::\]:79 closed$/);
  t.equal(counts, '  refused: access 30, rate 2; failed: 2', 'the most frequent reason first');
  t.match(text, /last error .*: cannot execute/);
});

t.test('a reload that was refused and records that were lost are told at the top', async (t) => {
  const configuration = {
    ...statusOf([]).configuration,
    errors: 1,
    warnings: 2,
    refusedBecause: 'cannot read /etc/acceptd.conf',
  };
  const status = statusOf([], { configuration, lostRecords: 3, upgrades: 2, state: 'draining' });
  const text = renderStatus(status, screen(80), now);
  t.match(text, /, upgraded 2 times, 0 services, draining/);
  t.match(text, /1 error, 2 warnings/);
  t.match(text, /^the last reload was refused: cannot read \/etc\/acceptd\.conf$/m);
  t.match(text, /3 log records lost/);
});

t.test('one service is shown with its instances, what it refused lately and what was set', async (t) => {
  for (const width of [40, 80, 120]) {
    const text = renderService(fingerDetail, screen(width), now);
    for (const line of linesOf(text)) t.ok(widthOf(line) <= width, `${width}: ${line}`);
  }
  const text = renderService(fingerDetail, screen(100), now);
  t.match(text, /^finger\/tcp: held, 3\/64 live$/m);
  t.match(text, /^written in +\/etc\/acceptd\.conf:12$/m);
  t.match(text, /^listens on +0\.0\.0\.0:79 tcp, 2 waiting to be accepted\n +\[::\]:79 tcp, closed$/m);
  t.match(text, /^accepted +1234: served 1200, refused 32 \(access 30, rate 2\), failed 2$/m);
  t.match(text, /^ *5000 +handler +1m15s +250ms +1\.50M +192\.0\.2\.7:40000$/m);
  t.match(text, /^and 2 more$/m);
  t.match(text, / refused 198\.51\.100\.1:1024 \(access\): no list admits it$/m);
  t.match(text, /^set +instances 64, until the next reload$/m);
});

t.test('widths are those of characters as people see them', async (t) => {
  t.equal(widthOf('abc'), 3);
  t.equal(widthOf('日本'), 4);
  t.equal(widthOf('e\u0301'), 1, 'an accent that follows its letter');
  t.equal(cut('日本語', 5), '日本~');
  t.equal(cut('abcdef', 4), 'abc~');
  t.strictSame(fold('one two three', 10, 2), ['one two', '  three']);
  t.strictSame(fold('abcdefghijklmnop', 12, 2), ['abcdefghijkl', '  mnop'], 'a long word is broken');
});

t.test('colours are for terminals that want them', async (t) => {
  t.match(screenOf({ isTTY: true, columns: 120 }, {}), { width: 120, isColored: true });
  t.match(screenOf({ isTTY: true, columns: 0 }, {}), { width: 80 });
  t.match(screenOf({ isTTY: true, columns: 120 }, { NO_COLOR: '1' }), { isColored: false });
  t.match(screenOf({ isTTY: true, columns: 120 }, { TERM: 'dumb' }), { isColored: false });
  t.match(screenOf({}, {}), { width: 80, isColored: false });
  t.match(screenOf({}, { COLUMNS: '132' }), { width: 132 });
});

t.test('the command: a table, JSON unchanged, and an id that was meant', async (t) => {
  const status = statusOf([finger]);
  const { path, asked } = await startControlServer(t, ({ url }) => {
    if (url === '/v1/status') return { json: { ...status, added: 'later' } };
    if (url === '/v1/services/finger%2Ftcp') return { json: fingerDetail };
    return { status: 404, json: refusal('not-found', "there is no service 'finger'") };
  });
  const table = await acceptd('status', '--control', path);
  t.match(table, { code: 0, stderr: '' });
  t.match(table.stdout, /^finger\/tcp +0\.0\.0\.0:79 +held/m);
  const json = await acceptd('status', '--json', '--control', path);
  t.equal(json.stdout, `${JSON.stringify({ ...status, added: 'later' })}\n`);
  t.match(
    (await acceptd('status', 'finger/tcp', '--control', path)).stdout,
    /^finger\/tcp: held, 3\/64 live/,
  );
  t.equal(asked.at(-1)?.url, '/v1/services/finger%2Ftcp', 'an id may hold a slash');
  t.match(await acceptd('status', 'finger', '--control', path), {
    code: 1,
    stdout: '',
    stderr: "acceptd: there is no service 'finger'; is 'finger/tcp' meant?\n",
  });
});
